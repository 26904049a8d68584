// PostgreSQL crashed, cut off and frozen under load, and the link lost between a COMMIT and its answer.
//
//   node tests/clients/trials/postgres.mjs --rounds 10 --frozen 60

import assert from "node:assert/strict";

import { asCommand } from "../harness/command.mjs";
import { startLink } from "../harness/link.mjs";
import {
  crashPostgres,
  restartPostgres,
  runSql,
  signalPostgres,
  startPostgres,
  stopPostgres,
} from "../harness/postgres.mjs";
import { endProbe, startProbe } from "../harness/probe.mjs";
import { between, chooseSeed, seeded } from "../harness/random.mjs";
import { withServer } from "../harness/server.mjs";
import { endTalks, startTalks, untilAcked } from "../harness/talks.mjs";
import { pause, poll } from "../harness/wait.mjs";

const backends = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'smilechat'";

/** `frozen`: for how many seconds PostgreSQL is stopped in each round. */
export async function troublePostgres({ rounds = 1, frozen = 3, seed } = {}) {
  const random = seeded(chooseSeed(seed));
  const postgres = await startPostgres();
  const link = await startLink(postgres.port);
  const troubles = {
    "crashed and restarted": async () => {
      crashPostgres(postgres);
      await pause(between(random, 200, 1_500));
      restartPostgres(postgres);
    },
    "all connections ended": () => runSql(postgres, backends),
    frozen: async () => {
      signalPostgres(postgres, "STOP");
      await pause(frozen * 1000);
      signalPostgres(postgres, "CONT");
    },
    "the link cut after COMMIT": async () => {
      const wanted = link.cuts + 5;
      link.cutAnswers = 5;
      await poll("five commits to be cut off", 10_000, () => link.cuts === wanted);
    },
  };
  const healed = Object.fromEntries(Object.keys(troubles).map((trouble) => [trouble, 0]));
  try {
    await withServer({ databaseUrl: postgres.url.replace(postgres.port, link.port) }, async (server) => {
      // One at a time: of two sent together the first may be refused and the second stored.
      const talks = await startTalks(server, { count: 6, window: 1 });
      const probe = await startProbe(server);
      for (let round = 1; round <= rounds; round += 1) {
        for (const [trouble, make] of Object.entries(troubles)) {
          await pause(between(random, 100, 500));
          await make();
          healed[trouble] = Math.max(healed[trouble], await untilAcked(talks));
        }
      }
      await endProbe(probe);
      const { retries } = await endTalks(server, talks);
      for (const [trouble, time] of Object.entries(healed)) {
        console.log(`  ${trouble}: ${rounds} times, acked again after ${time} ms at most`);
        assert.ok(time < 2_000, `${trouble}: healed only after ${time} ms`);
      }
      assert.ok(retries > 0 && probe.refusals.length > 0, "there was trouble");
    });
  } finally {
    link.close();
    stopPostgres(postgres);
  }
}

await asCommand(import.meta.url, { rounds: 1, frozen: 3 }, troublePostgres);
