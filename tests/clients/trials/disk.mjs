// The SQLite file under load on a disk that is full, in files that cannot be written, locked by another process, immutable.
//
//   node tests/clients/trials/disk.mjs --rounds 5 --asRoot 1

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";

import { asCommand } from "../harness/command.mjs";
import {
  bearsLimits,
  canMakeImmutable,
  limitFiles,
  lockDatabase,
  makeImmutable,
  mountSmallDisk,
  sizeOf,
} from "../harness/files.mjs";
import { call } from "../harness/people.mjs";
import { endProbe, startProbe } from "../harness/probe.mjs";
import { runCommand, withServer } from "../harness/server.mjs";
import { endTalks, startTalks, untilAcked } from "../harness/talks.mjs";
import { poll } from "../harness/wait.mjs";

const env = { SMILECHAT_DATABASE__BUSY_TIMEOUT_SECONDS: "1" };

/** `asRoot` 1 adds what needs root: a disk of a few megabytes that is full, an immutable file. */
export async function troubleDisk({ rounds = 1, asRoot = 0 } = {}) {
  await withServer({ env, wrapper: bearsLimits }, async (server) => {
    const database = join(server.folder, "smilechat.db");
    const log = `${database}-wal`;
    const troubles = {
      // The log of the server as well.
      "no file can be written": () => {
        limitFiles(server, 4096);
        return () => limitFiles(server);
      },
      "locked by another process": () => lockDatabase(database),
    };
    if (asRoot && canMakeImmutable(server.folder)) {
      troubles["immutable files"] = () => {
        const files = [database, log].filter((file) => sizeOf(file) > 0);
        makeImmutable(files, true);
        return () => makeImmutable(files, false);
      };
    }
    await bear(server, troubles, rounds);
  });
  if (asRoot) await bearFullDisk(rounds);
}

async function bearFullDisk(rounds) {
  const disk = mountSmallDisk(16);
  try {
    await withServer({ env, databaseUrl: `sqlite://${disk.folder}/smilechat.db` }, async (server) => {
      const fill = () => {
        disk.fill();
        return disk.empty;
      };
      await bear(server, { "no space left on the disk": fill }, rounds);
    });
  } finally {
    disk.unmount();
  }
}

/** Each trouble lasts until writers are refused, by REST and by sockets; when it ends, the same process goes on. */
async function bear(server, troubles, rounds) {
  // One at a time: of two sent together the first may be refused and the second stored.
  const talks = await startTalks(server, { count: 6, window: 1 });
  const probe = await startProbe(server);
  const process = server.child.pid;
  for (const [trouble, make] of Object.entries(troubles)) {
    let slowest = 0;
    for (let round = 1; round <= rounds; round += 1) {
      await untilAcked(talks);
      const refused = probe.refusals.length;
      const retries = () => talks.flatMap((talk) => talk.writers).reduce((sum, writer) => sum + writer.retries, 0);
      const [before, end] = [retries(), await make()];
      try {
        await poll(`${trouble}: refusals`, 20_000, () => probe.refusals.length > refused && retries() >= before + 6);
        const { ticket_id, person } = probe;
        const read = await call(server, "GET", `/api/tickets/${ticket_id}`, { token: person.token });
        assert.equal(read.status, 200, `${trouble}: what is stored can still be read`);
      } finally {
        await end();
      }
      slowest = Math.max(slowest, await untilAcked(talks));
    }
    console.log(`  ${trouble}: ${rounds} times refused with 503, acked again after ${slowest} ms at most`);
    assert.ok(slowest < 3_000, `${trouble}: healed only after ${slowest} ms`);
  }
  await endProbe(probe);
  await endTalks(server, talks);
  assert.equal(server.child.pid, process, "it was one process all along");
  const copy = join(server.folder, "checked.db");
  await runCommand(server, ["backup", copy]);
  rmSync(copy);
}

await asCommand(import.meta.url, { rounds: 1, asRoot: 0 }, troubleDisk);
