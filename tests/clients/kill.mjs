// kill -9 at random instants under load, and afterwards: is anything that was acked lost, doubled or out of order?
//
//   node tests/clients/kill.mjs --kills 200 --seed 7 --database postgres
//
// Rows as REST pages tell them, the acks of the writers and what each client saw live and replayed must agree.

import assert from "node:assert/strict";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { allMessages, newCustomer, newSupport, newTicket } from "./harness/people.mjs";
import { startPostgres, stopPostgres } from "./harness/postgres.mjs";
import { between, chooseSeed, seeded } from "./harness/random.mjs";
import { endProcess, launch, withServer } from "./harness/server.mjs";
import { connect, transports } from "./harness/sockets.mjs";
import { catchUp, watch } from "./harness/view.mjs";
import { pause, poll } from "./harness/wait.mjs";
import { clean, judge, startWriter, stop } from "./harness/write.mjs";

const ticketCount = 3;

export async function killUnderLoad({ kills = 10, seed, database = "sqlite" } = {}) {
  assert.ok(["sqlite", "postgres"].includes(database), `--database ${database}: sqlite or postgres`);
  const random = seeded(chooseSeed(seed));
  const postgres = database === "postgres" ? await startPostgres() : undefined;
  try {
    return await withServer({ databaseUrl: postgres?.url }, async (server) => {
      const talks = [];
      for (let index = 0; index < ticketCount; index += 1) talks.push(await startTalk(server, index));
      const restarts = await killAtRandom(server, talks, kills, random);
      const verdict = await judgeAll(server, talks);
      console.log(`${database}: ${kills} kills, slowest restart ${Math.max(...restarts)} ms`);
      tell(verdict);
      return verdict;
    });
  } finally {
    if (postgres) stopPostgres(postgres);
  }
}

/** A ticket with a customer and support; both write, and both see all of it, each ticket on another transport. */
async function startTalk(server, index) {
  const transport = Object.keys(transports)[index % 3];
  const people = [await newCustomer(server), await newSupport(server)];
  const { ticket_id } = await newTicket(server, people[0]);
  const again = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 100 };
  const lines = await Promise.all(people.map((person) => connect(server, person, transport, again)));
  const views = lines.map((line) => watch(line, ticket_id));
  const writers = lines.map((line, side) => startWriter(line, ticket_id, `${index}-${side}`, { window: 4, gap: 2 }));
  return { ticket_id, people, lines, views, writers };
}

async function killAtRandom(server, talks, kills, random) {
  const restarts = [];
  for (let kill = 1; kill <= kills; kill += 1) {
    const lines = talks.flatMap((talk) => talk.lines);
    await poll("everybody to be back", 30_000, () => lines.every((line) => line.socket.connected));
    await pause(between(random, 100, 1_200));
    const killed = Date.now();
    await endProcess(server, "SIGKILL");
    await launch(server);
    restarts.push(Date.now() - killed);
    if (kill % 10 === 0) console.log(`${kill} kills, ${ackedBy(talks).length} acked messages ...`);
  }
  return restarts;
}

async function judgeAll(server, talks) {
  const findings = [];
  for (const talk of talks) {
    await Promise.all(talk.writers.map(stop));
    const rows = await allMessages(server, talk.people[0], talk.ticket_id);
    await catchUp(talk.views, rows.length);
    findings.push(judge(rows, talk.writers, talk.views));
  }
  const retries = talks.flatMap((talk) => talk.writers).reduce((sum, writer) => sum + writer.retries, 0);
  return { acked: ackedBy(talks).length, retries, findings };
}

function tell({ acked, retries, findings }) {
  console.log(`  ${acked} acked messages, ${retries} retries`);
  for (const [index, { faults, ...figures }] of findings.entries()) {
    const counted = Object.entries(figures).map(([what, count]) => `${count} ${what.replace("_", " ")}`);
    console.log(`  ticket ${index + 1}: ${counted.join(", ")}, ${faults.length} other faults`);
  }
}

function ackedBy(talks) {
  return talks.flatMap((talk) => talk.writers.flatMap((writer) => writer.acked));
}

if (resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const names = { kills: { type: "string" }, seed: { type: "string" }, database: { type: "string" } };
  const { values } = parseArgs({ options: names });
  const { findings } = await killUnderLoad({ ...values, kills: Number(values.kills ?? 10) });
  assert.deepEqual(findings, Array(ticketCount).fill(clean));
  process.exit(0);
}
