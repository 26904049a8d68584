// The primary of PostgreSQL is killed under load, its standby is promoted, and the old one comes back as the standby of that.
//
//   node tests/clients/trials/failover.mjs --rounds 10

import assert from "node:assert/strict";
import { rmSync } from "node:fs";

import { asCommand } from "../harness/command.mjs";
import {
  asSuperuser,
  crashPostgres,
  promote,
  runSql,
  startPostgres,
  startStandby,
  stopPostgres,
  waitForStandby,
} from "../harness/postgres.mjs";
import { endProbe, startProbe } from "../harness/probe.mjs";
import { between, chooseSeed, seeded } from "../harness/random.mjs";
import { withServer } from "../harness/server.mjs";
import { endTalks, startTalks } from "../harness/talks.mjs";
import { pause, poll } from "../harness/wait.mjs";

const connections = "from pg_stat_activity where application_name = 'smilechat'";

/** `attributes`: what the URL asks of whom it finds. */
export async function failOver({ rounds = 1, seed, attributes = "?target_session_attrs=read-write" } = {}) {
  const random = seeded(chooseSeed(seed));
  let primary = await startPostgres();
  let standby = await startStandby(primary);
  const hosts = [primary, standby].map(({ port }) => `127.0.0.1:${port}`).join(",");
  const databaseUrl = `postgres://smilechat@${hosts}/postgres${attributes}`;
  const healed = { "killed and replaced": 0, "connections ended": 0 };
  try {
    await waitForStandby(primary);
    await withServer({ databaseUrl }, async (server) => {
      // One at a time: of two sent together the first may be refused and the second stored.
      const talks = await startTalks(server, { count: 6, window: 1 });
      const probe = await startProbe(server);
      const note = async (what) => (healed[what] = Math.max(healed[what], await untilAllGoOn(talks)));
      for (let round = 1; round <= rounds; round += 1) {
        await pause(between(random, 500, 1_000));
        crashPostgres(primary);
        await pause(between(random, 100, 1_500));
        promote(standby);
        await note("killed and replaced");
        const { folder, port } = primary;
        primary = undefined;
        rmSync(folder, { recursive: true, force: true });
        [primary, standby] = [standby, await startStandby(standby, port)];
        await waitForStandby(primary);
        // Whoever connects anew comes by the old address, which stands first in the URL.
        runSql(primary, `select pg_terminate_backend(pid) ${connections}`);
        await note("connections ended");
        assert.ok(Number(runSql(asSuperuser(primary), `select count(*) ${connections}`)) > 0);
      }
      await endProbe(probe);
      const { retries } = await endTalks(server, talks);
      const isWhole = "select count(*) = (select sum(last_seq) from tickets) from messages";
      assert.equal(runSql(asSuperuser(primary), isWhole).trim(), "t", "each number is one row");
      for (const [trouble, time] of Object.entries(healed)) {
        console.log(`  ${trouble}: ${rounds} times, acked again after ${time} ms at most`);
        assert.ok(time < 3_000, `${trouble}: healed only after ${time} ms`);
      }
      assert.ok(retries > 0 && probe.refusals.length > 0, "there was trouble");
    });
  } finally {
    for (const postgres of [standby, primary]) if (postgres) stopPostgres(postgres);
  }
}

/** How long it takes until everybody is acked what was sent from now on: of two more acks the second is. */
async function untilAllGoOn(talks) {
  const [asked, writers] = [Date.now(), talks.flatMap((talk) => talk.writers)];
  const wanted = writers.map((writer) => writer.acked.length + 2);
  await poll("everybody to be acked", 20_000, () => writers.every(({ acked }, place) => acked.length >= wanted[place]));
  return Date.now() - asked;
}

await asCommand(import.meta.url, { rounds: 1 }, failOver);
