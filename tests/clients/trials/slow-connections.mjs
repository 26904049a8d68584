// Connections that are held and never used, or dripped into byte by byte: honest clients hardly notice, the server closes
// them all, and what they took is given back.
//
//   node tests/clients/trials/slow-connections.mjs --count 2000

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { asCommand } from "../harness/command.mjs";
import { inMs, measure, percentile } from "../harness/latency.mjs";
import { newCustomer, newTicket } from "../harness/people.mjs";
import { megabytes, memory, openFiles } from "../harness/process.mjs";
import { withServer } from "../harness/server.mjs";
import { connect } from "../harness/sockets.mjs";
import { poll } from "../harness/wait.mjs";

const idlers = fileURLToPath(new URL("idlers.mjs", import.meta.url));
/** `patience`: what the server gives to a head and to a join, in seconds. `judged` 0: times are told and not judged. */
export async function holdConnections({ count = 2_000, patience = 10, judged = 1, waves = 4 } = {}) {
  const env = {
    SMILECHAT_SERVER__HEADER_TIMEOUT_SECONDS: String(patience),
    SMILECHAT_REALTIME__CONNECT_TIMEOUT_MS: String(patience * 1000),
  };
  await withServer({ env }, async (server) => {
    const pairs = [];
    for (let index = 0; index < 10; index += 1) {
      const person = await newCustomer(server);
      const { ticket_id } = await newTicket(server, person);
      pairs.push({ server, person, ticket_id, line: await connect(server, person) });
    }
    await measure(1, pairs);
    const [files, bytes, ratios] = [openFiles(server), [memory(server)], []];
    for (let wave = 1; wave <= waves; wave += 1) {
      const before = percentile(await measure(patience - 3, pairs), 0.99);
      const during = await holdWave(server, pairs, count, patience);
      assert.ok(openFiles(server) <= files + 5, "all files are closed again");
      ratios.push(during / before);
      bytes.push(memory(server));
      const more = megabytes(bytes.at(-1) - bytes.at(-2));
      console.log(`  honest clients' p99: ${inMs(before)} before, ${inMs(during)} meanwhile; ${more} more memory afterwards`);
    }
    const ratio = percentile(ratios, 0.5);
    console.log(`${waves} times ${count} connections: all closed, p99 ${ratio.toFixed(2)} times the usual (median)`);
    // The allocator keeps what it got for the next time: what leaks would be as much with each wave.
    const [first, last] = [bytes[1] - bytes[0], bytes.at(-1) - bytes.at(-2)];
    if (waves > 2) assert.ok(last <= Math.max(8e6, first / 2), `${megabytes(last)} more after the last wave as well`);
    if (judged) assert.ok(ratio <= 1.5, `p99 was ${ratio.toFixed(2)} times the usual`);
  });
}

/** The p99 of honest clients while `count` connections are held; returns when all of these are closed. */
async function holdWave(server, pairs, count, patience) {
  const files = openFiles(server);
  // On a busy machine the strangers' own work must not pass for the server's.
  const command = ["-n", "10", process.execPath, idlers, String(server.port), String(count)];
  const strangers = spawn("nice", command, { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface(strangers.stdout)[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, "open");
  const during = percentile(await measure(patience - 3, pairs), 0.99);
  const report = await lines.next();
  for (const [kind, { count: all, longest, answers }] of Object.entries(JSON.parse(report.value))) {
    console.log(`  ${kind}: ${all} closed, the last after ${(longest / 1000).toFixed(1)} s; answers ${JSON.stringify(answers)}`);
    assert.ok(longest < 15_000, `${kind}: open for ${longest} ms`);
  }
  await poll("the files to be closed", 10_000, () => openFiles(server) <= files + 5);
  return during;
}

await asCommand(import.meta.url, { count: 2_000, patience: 10, judged: 1, waves: 4 }, holdConnections);
