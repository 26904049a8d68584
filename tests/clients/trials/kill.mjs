// kill -9 at random instants under load, and afterwards: is anything that was acked lost, doubled or out of order?
//
//   node tests/clients/trials/kill.mjs --kills 200 --messages 50000 --database postgres
//
// Rows as REST pages tell them, the acks of the writers and what each client saw live and replayed must agree.

import assert from "node:assert/strict";

import { asCommand } from "../harness/command.mjs";
import { startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { between, chooseSeed, seeded } from "../harness/random.mjs";
import { endProcess, launch, withServer } from "../harness/server.mjs";
import { countAcked, endTalks, everybodyIsBack, startTalks } from "../harness/talks.mjs";
import { pause, poll } from "../harness/wait.mjs";

/** `messages`: at least so many are acked, spread evenly over the kills. */
export async function killUnderLoad({ kills = 10, messages = 0, seed, database = "sqlite" } = {}) {
  assert.ok(["sqlite", "postgres"].includes(database), `--database ${database}: sqlite or postgres`);
  const random = seeded(chooseSeed(seed));
  const postgres = database === "postgres" ? await startPostgres() : undefined;
  try {
    return await withServer({ databaseUrl: postgres?.url }, async (server) => {
      const talks = await startTalks(server, { window: messages ? 16 : 4 });
      const restarts = await killAtRandom(server, talks, kills, messages, random);
      console.log(`${database}: ${kills} kills, slowest restart ${Math.max(...restarts)} ms`);
      return await endTalks(server, talks);
    });
  } finally {
    if (postgres) stopPostgres(postgres);
  }
}

async function killAtRandom(server, talks, kills, messages, random) {
  const restarts = [];
  for (let kill = 1; kill <= kills; kill += 1) {
    await everybodyIsBack(talks);
    await poll("this kill's share of the messages", 60_000, () => countAcked(talks) >= (messages * kill) / kills);
    await pause(between(random, 100, 1_200));
    const killed = Date.now();
    await endProcess(server, "SIGKILL");
    await launch(server);
    restarts.push(Date.now() - killed);
    if (kill % 10 === 0) console.log(`${kill} kills, ${countAcked(talks)} acked messages ...`);
  }
  return restarts;
}

await asCommand(import.meta.url, { kills: 10, messages: 0, database: "sqlite" }, killUnderLoad);
