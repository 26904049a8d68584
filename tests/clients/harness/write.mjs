// Clients that write the way a careful client does: each message has a `client_id`, and what was not acked is sent
// again under the same one, in the same order.

import { ask } from "./sockets.mjs";
import { pause, poll } from "./wait.mjs";

/** Sends `window` messages at a time, until `limit` are acked or `stop(writer)` is called; `gap` ms between. */
export function startWriter(line, ticketId, name, { window = 1, limit = Infinity, gap = 0 } = {}) {
  const writer = { line, ticketId, name, window, limit, gap, acked: [], faults: [], retries: 0, stopped: false };
  writer.done = run(writer);
  return writer;
}

export async function stop(writer) {
  writer.stopped = true;
  await writer.done;
}

async function run(writer) {
  while (writer.acked.length < writer.limit && !writer.stopped) {
    const socket = writer.line.socket;
    // A socket that is not `active` was ended for good: the client will not try again by itself.
    await poll(`${writer.name} to be connected`, 30_000, () => socket.connected || !socket.active);
    if (!socket.connected) return writer.faults.push("was cut for good");
    const first = writer.acked.length;
    const size = Math.min(writer.window, writer.limit - first);
    const answers = await Promise.all(Array.from({ length: size }, (_, place) => send(writer, first + place)));
    const failed = answers.findIndex((message) => !message);
    writer.acked.push(...(failed < 0 ? answers : answers.slice(0, failed)));
    if (failed >= 0) writer.retries += 1;
    await pause(failed < 0 ? writer.gap : 50);
  }
}

/** The stored message, or nothing when it has to be tried again. */
async function send(writer, index) {
  const message = {
    ticket_id: writer.ticketId,
    message_content: `${writer.name} says ${index}`,
    client_id: `${writer.name}/${index}`,
  };
  const ack = await ask(writer.line, "chat_message", message).catch(() => undefined);
  if (ack?.error && ack.error.code !== "unavailable") writer.faults.push(`${message.client_id}: ${ack.error.code}`);
  return ack?.message;
}

/** What must be all zero once everybody has caught up: rows as REST tells them against acks and views. */
export function judge(rows, writers, views) {
  const byClientId = new Map(rows.map((row) => [row.client_id, row]));
  const written = rows.filter((row) => row.client_id);
  const lasts = new Map();
  let disordered = 0;
  for (const row of written) {
    const [name, index] = row.client_id.split("/");
    if (Number(index) <= (lasts.get(name) ?? -1)) disordered += 1;
    lasts.set(name, Number(index));
  }
  const lost = writers
    .flatMap((writer) => writer.acked)
    .filter((message) => facts(byClientId.get(message.client_id)) !== facts(message)).length;
  const wanted = rows.map(facts).join();
  return {
    lost,
    doubled: written.length - new Set(written.map((row) => row.client_id)).size,
    disordered,
    holes: rows.filter((row, place) => row.seq !== place + 1).length,
    differing_views: views.filter((view) => view.messages.map(facts).join() !== wanted).length,
    faults: [...writers, ...views].flatMap((one) => one.faults),
  };
}

export const clean = { lost: 0, doubled: 0, disordered: 0, holes: 0, differing_views: 0, faults: [] };

/** What of a message never changes. */
export function facts(message) {
  return message && `${message.seq} ${message.message_id} ${message.sender_id} ${message.message_content}`;
}
