// Strangers who hold connections, in a process of their own: `idlers.mjs PORT COUNT`. Each opens one, begins something
// that it never ends, some byte by byte, and notes when the server closes it. Prints one line when all are open, and one JSON object when all are
// closed.

import { connect } from "node:net";

const [port, count] = process.argv.slice(2).map(Number);
const request = `Host: 127.0.0.1\r\nUser-Agent: idler\r\n`;
const body = `POST /api/auth/login HTTP/1.1\r\n${request}Content-Type: application/json\r\nContent-Length: 4000\r\n\r\n`;
const websocket =
  `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${request}Connection: Upgrade\r\nUpgrade: websocket\r\n` +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/** What each sends at once, and whether something follows every second. */
const kinds = {
  "says nothing": [""],
  "stops in the head": [`GET /api/tickets HTTP/1.1\r\n${request}`],
  "drips the head": [`GET /api/tickets HTTP/1.1\r\n${request}X-Slow: `, "a"],
  "stops in the body": [`${body}{"username":`],
  "drips the body": [`${body}{"username":"`, "a"],
  "stays after an answer": [`GET /healthz HTTP/1.1\r\n${request}\r\n`],
  "never joins": [websocket],
  "drips into a poll": [body.replace("/api/auth/login", "/socket.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAA"), "4"],
};

const closed = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, { count: 0, longest: 0, answers: {} }]));
const names = Object.keys(kinds);
let open = 0;

function idle(kind) {
  const [first, drop] = kinds[kind];
  return new Promise((done) => {
    const opened = Date.now();
    let dripping;
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(first);
      open += 1;
      if (open === count) console.log("open");
      dripping = drop && setInterval(() => socket.write(drop), 1000);
    });
    // The server's end counts. Ours follows by itself.
    socket.on("end", () => note("end")).on("error", () => note("error")).on("close", () => note("close"));
    socket.on("data", (bytes) => {
      const [, status] = /^HTTP\/1.1 (\d+)/.exec(bytes) ?? [];
      if (status) closed[kind].answers[status] = (closed[kind].answers[status] ?? 0) + 1;
    });
    let isNoted = false;
    const note = () => {
      clearInterval(dripping);
      if (isNoted) return;
      isNoted = true;
      closed[kind].count += 1;
      closed[kind].longest = Math.max(closed[kind].longest, Date.now() - opened);
      socket.destroy();
      done();
    };
  });
}

await Promise.all(Array.from({ length: count }, (_, index) => idle(names[index % names.length])));
console.log(JSON.stringify(closed));
