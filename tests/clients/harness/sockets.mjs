// Socket.IO connections that remember every event they were sent.

import { io } from "socket.io-client";

export const transports = { websocket: ["websocket"], polling: ["polling"], upgrade: ["polling", "websocket"] };

/** A connected socket, or the error that the server refused it with. */
export async function connect(server, person, transport = "websocket", options = {}) {
  const line = open(server, person, transport, options);
  await new Promise((done, refuse) => {
    line.socket.once("connect", done);
    line.socket.once("connect_error", refuse);
  });
  return line;
}

/** A socket that is about to connect. The token is read anew at each connection, as a client does that refreshes it. */
export function open(server, person, transport = "websocket", options = {}) {
  const socket = io(server.url, {
    transports: transports[transport],
    auth: (answer) => answer({ token: person.token }),
    forceNew: true,
    reconnection: false,
    ...options,
  });
  const line = { socket, person, events: [], watchers: new Set() };
  const note = (name, payload) => {
    line.events.push({ name, payload, at: Date.now() });
    for (const look of [...line.watchers]) look();
  };
  socket.onAny(note);
  socket.on("disconnect", (reason) => note("disconnect", reason));
  server.sockets.push(socket);
  return line;
}

/** The ack of an event; without an answer within 10 s it fails. */
export function ask(line, event, ...payload) {
  return line.socket.timeout(10_000).emitWithAck(event, ...payload);
}

/** The ack of an event that has to succeed. */
export async function tell(line, event, payload) {
  const ack = await ask(line, event, payload);
  if (!ack || ack.error) throw new Error(`${event} ${JSON.stringify(payload)}: ${JSON.stringify(ack)}`);
  return ack;
}

/** The first event of that name, past or to come, whose payload fits. */
export function heard(line, name, fits = () => true, limit = 5_000) {
  return new Promise((done, refuse) => {
    const look = () => {
      const found = line.events.find((event) => event.name === name && fits(event.payload));
      if (found) finish(() => done(found.payload));
    };
    const late = setTimeout(() => {
      const instead = line.events.filter((event) => event.name === name).slice(-3);
      finish(() => refuse(new Error(`no fitting ${name} within ${limit} ms; the last: ${JSON.stringify(instead)}`)));
    }, limit);
    const finish = (how) => {
      clearTimeout(late);
      line.watchers.delete(look);
      how();
    };
    line.watchers.add(look);
    look();
  });
}

/** The payloads of all events of that name so far. */
export function allHeard(line, name) {
  return line.events.filter((event) => event.name === name).map((event) => event.payload);
}

/** Forgets what was heard, so that only what comes next counts. */
export function forget(line) {
  line.events.length = 0;
}

/** An answer to a question that the same socket asked later: all that was sent before it has been handled by now. */
export async function settle(line) {
  await ask(line, "leave_ticket", { ticket_id: "none" });
}
