// A Socket.IO client that costs this process little, so that there can be thousands: a WebSocket that has joined one ticket,
// reads it, and, when it is cut, comes back as socket.io-client does and joins with the last `seq` that it has.

import { connect } from "node:net";

const retryFirst = 1_000;
const retryMost = 5_000;
const upgrade =
  "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n" +
  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/**
 * `last` is the `seq` up to which it has read without a hole. `caughtUpAt` says since when it has had all that was stored, and
 * is undefined while it has not. `random` spreads its coming back, `address` is the one of the loopback that it comes from.
 */
export function startLight(server, person, ticketId, { address = "127.0.0.1", random = Math.random } = {}) {
  const light = { port: server.port, person, ticketId, address, random, last: 0, joins: 0, tries: 0, faults: [], isOver: false };
  dial(light);
  return light;
}

export function stopLight(light) {
  light.isOver = true;
  clearTimeout(light.waiting);
  light.socket?.destroy();
}

/** What it saw is what is stored, up to `seq`, once each and in order. */
export function faultsOf(light, seq) {
  return light.last === seq ? light.faults : [...light.faults, `has read up to ${light.last} of ${seq}`];
}

function dial(light) {
  light.tries += 1;
  const socket = connect({ port: light.port, host: "127.0.0.1", localAddress: light.address });
  // `early` is what comes live while older messages are being asked for; it has its turn after them.
  const line = { light, socket, bytes: Buffer.alloc(0), isOpen: false, asked: 0, isJoining: true, early: [] };
  light.socket = socket;
  socket.setNoDelay(true);
  socket.write(upgrade);
  socket.on("data", (bytes) => take(line, bytes));
  socket.on("error", () => {});
  socket.on("close", () => leave(light));
}

function leave(light) {
  light.caughtUpAt = undefined;
  if (light.isOver) return;
  const most = Math.min(retryFirst * 2 ** (light.tries - 1), retryMost);
  light.waiting = setTimeout(() => dial(light), most * (0.5 + light.random()));
}

function take(line, bytes) {
  line.bytes = line.bytes.length ? Buffer.concat([line.bytes, bytes]) : bytes;
  if (!line.isOpen) {
    const end = line.bytes.indexOf("\r\n\r\n");
    if (end < 0) return;
    // Nobody is there, or nobody new is taken: again a little later.
    if (!line.bytes.toString("latin1", 0, 12).endsWith(" 101")) return line.socket.destroy();
    line.isOpen = true;
    line.bytes = line.bytes.subarray(end + 4);
  }
  for (let frame = nextFrame(line); frame; frame = nextFrame(line)) hear(line, frame);
}

function nextFrame(line) {
  const { bytes } = line;
  if (bytes.length < 2) return undefined;
  let [length, start] = [bytes[1] & 127, 2];
  if (length === 126) [length, start] = [bytes.length < 4 ? Infinity : bytes.readUInt16BE(2), 4];
  else if (length === 127) [length, start] = [bytes.length < 10 ? Infinity : Number(bytes.readBigUInt64BE(2)), 10];
  if (bytes.length < start + length) return undefined;
  line.bytes = bytes.subarray(start + length);
  return { code: bytes[0] & 15, content: bytes.subarray(start, start + length) };
}

function hear(line, { code, content }) {
  const { light, socket } = line;
  if (light.socket !== socket || code !== 1) return code === 8 && socket.destroy();
  const text = content.toString();
  if (text === "2") return say(line, "3");
  if (text.startsWith("0{")) return say(line, `40${JSON.stringify({ token: light.person.token })}`);
  if (text.startsWith("40{")) return join(line);
  if (text.startsWith('42["chat_message"')) return hearLive(line, JSON.parse(text.slice(2))[1]);
  if (text.startsWith('42["resync"')) return join(line);
  if (text.startsWith("43")) return joined(line, text);
  // Refused, or told to go: both by a server that does not take anybody just now.
  if (text.startsWith("44") || text.startsWith("41")) socket.destroy();
}

function join(line) {
  const { light } = line;
  light.caughtUpAt = undefined;
  line.isJoining = true;
  line.asked += 1;
  say(line, `42${line.asked}["join_ticket",${JSON.stringify({ ticket_id: light.ticketId, after_seq: light.last })}]`);
}

function joined(line, text) {
  const { light, socket } = line;
  const [, number, answers] = /^43(\d+)(.*)$/s.exec(text);
  // Asked again meanwhile.
  if (Number(number) !== line.asked) return;
  const [ack] = JSON.parse(answers);
  if (ack.error) return socket.destroy();
  for (const message of ack.messages) read(light, message, "replayed");
  if (ack.has_more) {
    // What is live goes on only when everything before it was fetched.
    line.lastLive = undefined;
    return join(line);
  }
  line.isJoining = false;
  const replayedTo = light.last;
  // Who was live and asked again: what the answer holds does not come live any more.
  if (line.lastLive !== undefined) line.lastLive = Math.max(line.lastLive, replayedTo);
  // Live and replayed may overlap where the replay ended, and nowhere else.
  for (const message of line.early.splice(0)) if (message.seq > replayedTo) read(light, message, "live");
  light.joins += 1;
  light.tries = 0;
  light.caughtUpAt = Date.now();
}

/** Every live message comes once and in turn, as long as the connection lasts. */
function hearLive(line, message) {
  const { light, lastLive } = line;
  if (message.ticket_id !== light.ticketId) return;
  if (lastLive !== undefined && message.seq !== lastLive + 1) light.faults.push(`live ${message.seq} after live ${lastLive}`);
  line.lastLive = message.seq;
  if (line.isJoining) line.early.push(message);
  else read(light, message, "live");
}

function read(light, message, how) {
  if (message.seq !== light.last + 1) light.faults.push(`${how} ${message.seq} after ${light.last}`);
  light.last = Math.max(light.last, message.seq);
}

/** A text frame, masked with zeros. */
function say({ socket }, text) {
  const payload = Buffer.from(text);
  const length = payload.length < 126 ? [0x80 | payload.length] : [0xfe, payload.length >> 8, payload.length & 0xff];
  socket.write(Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), payload]));
}
