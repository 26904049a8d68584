// What a socket costs the server while nothing happens on it: many join, and the server's memory is compared.
//
//   node tests/clients/trials/idle-sockets.mjs --count 5000
//
// Every socket holds a descriptor here and one in the server: `ulimit -n` has to allow for them.

import assert from "node:assert/strict";
import { connect } from "node:net";

import { asCommand } from "../harness/command.mjs";
import { newCustomer } from "../harness/people.mjs";
import { memory } from "../harness/process.mjs";
import { withServer } from "../harness/server.mjs";
import { poll } from "../harness/wait.mjs";

const customers = 20;
/** Of them at a time, so that the memory of handshakes is used again and not counted. */
const atOnce = 50;

/** `most`: bytes for each socket, at most; without it, the figure is told only. */
export async function idle({ count = 5000, most = 10_000 } = {}) {
  await withServer({ env: { SMILECHAT_SERVER__MAX_CONNECTIONS_PER_ADDRESS: "100000" } }, async (server) => {
    const people = [];
    for (let number = 0; number < customers; number += 1) people.push(await newCustomer(server, `idler${number}`));
    const sockets = [];
    const open = async (wanted) => {
      while (sockets.length < wanted) {
        const next = Array.from({ length: Math.min(atOnce, wanted - sockets.length) }, (_, place) =>
          join(server, people[(sockets.length + place) % customers]),
        );
        sockets.push(...(await Promise.all(next)));
      }
    };
    // The first ones pay for what is there once.
    await open(Math.ceil(count / 50));
    const [before, first] = [await settled(server), sockets.length];
    await open(count);
    const each = ((await settled(server)) - before) / (count - first);
    console.log(`  ${count} idle sockets: ${(each / 1000).toFixed(1)} kB for each`);
    for (const socket of sockets) socket.destroy();
    if (most) assert.ok(each <= most, `${each} bytes for each socket`);
  });
}

/** Once it has stopped growing. */
async function settled(server) {
  let last = 0;
  await poll("the memory to settle", 30_000, async () => {
    await new Promise((done) => setTimeout(done, 1000));
    const now = memory(server);
    return Math.abs(now - last) < 50_000 || ((last = now), false);
  });
  return memory(server);
}

/** A WebSocket that has joined and answers pings, and costs this process little. */
function join(server, person) {
  return new Promise((done, failed) => {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", failed);
    socket.write(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n` +
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    socket.once("data", () => socket.write(frame(`40${JSON.stringify({ token: person.token })}`)));
    socket.on("data", (bytes) => {
      const text = bytes.toString("latin1");
      if (text.includes('40{"sid":')) done(socket);
      if (text.includes("\x81\x012")) socket.write(frame("3"));
    });
    socket.on("close", () => failed(new Error("the server closed an idle socket")));
  });
}

/** A text frame, masked with zeros. */
function frame(text) {
  const payload = Buffer.from(text);
  const length = payload.length < 126 ? [0x80 | payload.length] : [0xfe, payload.length >> 8, payload.length & 0xff];
  return Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), payload]);
}

await asCommand(import.meta.url, { count: 5000, most: 10_000 }, idle);
