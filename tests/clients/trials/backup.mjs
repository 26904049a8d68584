// `smilechat backup` beside a server under load: each copy, put in the place of a database, is a server that has every
// message acked before the copy began.
//
//   node tests/clients/trials/backup.mjs --copies 10

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { asCommand } from "../harness/command.mjs";
import { allMessages, login } from "../harness/people.mjs";
import { runCommand, withServer } from "../harness/server.mjs";
import { ackedBy, endTalks, startTalks, untilAcked } from "../harness/talks.mjs";
import { facts } from "../harness/write.mjs";

export async function backUpUnderLoad({ copies = 2 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "smilechat-copies-"));
  try {
    await withServer({}, async (server) => {
      const talks = await startTalks(server);
      const times = [];
      for (let number = 1; number <= copies; number += 1) {
        await untilAcked(talks);
        const acked = ackedBy(talks);
        const copy = join(folder, `${number}.db`);
        const began = Date.now();
        await runCommand(server, ["backup", copy]);
        times.push(Date.now() - began);
        const most = await checkCopy(copy, talks, acked);
        console.log(`  copy ${number}: ${most} messages, all ${acked.length} that were acked before it`);
      }
      console.log(`${copies} copies under load, the slowest took ${Math.max(...times)} ms`);
      await endTalks(server, talks);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A server on the copy; how many messages it has. */
async function checkCopy(copy, talks, acked) {
  return withServer({ databaseUrl: `sqlite://${copy}` }, async (server) => {
    const found = [];
    for (const { people, ticket_id } of talks) {
      const rows = await allMessages(server, await login(server, people[0].username, people[0].password), ticket_id);
      assert.deepEqual(rows.map((row) => row.seq), rows.map((_, place) => place + 1), "no hole in the copy");
      found.push(...rows.map(facts));
    }
    const stored = new Set(found);
    assert.deepEqual(acked.map(facts).filter((fact) => !stored.has(fact)), []);
    return found.length;
  });
}

await asCommand(import.meta.url, { copies: 2 }, backUpUnderLoad);
