// "Acked means on disk": watches the server's system calls. A message's row is written, then synced, and only then may
// its text leave in an ack or an event.
//
//   node tests/clients/trials/fsync.mjs --messages 10000

import assert from "node:assert/strict";
import { createReadStream, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { asCommand } from "../harness/command.mjs";
import { newCustomer, newTicket } from "../harness/people.mjs";
import { withServer } from "../harness/server.mjs";
import { connect } from "../harness/sockets.mjs";
import { startWriter } from "../harness/write.mjs";

const writers = 4;
// Long enough for the frames of a whole group of messages in one call.
const shown = 262_144;

export async function ackedIsOnDisk({ messages = 2_000 } = {}) {
  const trace = join(tmpdir(), `smilechat-trace-${process.pid}`);
  const calls = "trace=pwrite64,fdatasync,fsync,sendto,sendmsg,write,writev";
  // -D: the traced process keeps the id that it was started with. -y: file names beside descriptors.
  const wrapper = ["strace", "-D", "-f", "--seccomp-bpf", "-y", "-s", String(shown), "-e", calls, "-o", trace];
  const acked = await withServer({ wrapper }, async (server) => {
    const customer = await newCustomer(server);
    const { ticket_id } = await newTicket(server, customer);
    const lines = await Promise.all(Array.from({ length: writers }, () => connect(server, customer)));
    const limit = Math.ceil(messages / writers);
    const running = lines.map((line, index) => startWriter(line, ticket_id, `mark${index}`, { window: 25, limit }));
    await Promise.all(running.map((writer) => writer.done));
    return running.flatMap((writer) => writer.acked);
  });
  const verdict = { acked: acked.length, ...(await readTrace(trace, acked)) };
  rmSync(trace, { force: true });
  console.log(`fsync: ${JSON.stringify(verdict)}`);
  assert.deepEqual({ early: verdict.early, unseen: verdict.unseen }, { early: 0, unseen: 0 });
  assert.ok(verdict.syncs > 0);
}

/** Follows each text through the calls: written (to the log of the database), synced, sent. */
async function readTrace(trace, acked) {
  const states = new Map(acked.map((message) => [message.message_content, { written: 0, sent: 0 }]));
  const syncing = new Map();
  let [at, synced, syncs] = [0, 0, 0];
  let early = 0;
  for await (const line of createInterface({ input: createReadStream(trace, "latin1") })) {
    at += 1;
    const [, pid, call] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (!call) continue;
    if (/^f(data)?sync\(.*-wal>/.test(call)) {
      if (call.includes("unfinished")) syncing.set(pid, at);
      else synced = at;
      syncs += 1;
    } else if (/^<\.\.\. f(data)?sync resumed/.test(call) && syncing.has(pid)) {
      // It covers what was written before it began.
      synced = Math.max(synced, syncing.get(pid));
      syncing.delete(pid);
    } else if (/^(pwrite64|write|writev|sendto|sendmsg)\(/.test(call)) {
      const toDatabase = call.startsWith("pwrite64");
      for (const [text] of call.matchAll(/mark\d says \d+/g)) {
        const state = states.get(text);
        if (!state) continue;
        if (toDatabase) state.written ||= at;
        else if (!state.sent) {
          state.sent = at;
          if (!state.written || synced < state.written) early += 1;
        }
      }
    }
  }
  const unseen = [...states.values()].filter((state) => !state.written || !state.sent).length;
  return { syncs, early, unseen };
}

await asCommand(import.meta.url, { messages: 2_000 }, ackedIsOnDisk);
