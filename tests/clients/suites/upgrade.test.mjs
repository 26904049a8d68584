// A node serves while another one, of a version with more migrations, starts and carries them out: who writes notices nothing.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";

import { allMessages, call, newCustomer, newTicket } from "../harness/people.mjs";
import { dumpSchema, runSql, startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { readLog, startServer, stopServer } from "../harness/server.mjs";
import { pause, poll } from "../harness/wait.mjs";
import { facts } from "../harness/write.mjs";

let postgres;
before(async () => (postgres = await startPostgres()));
after(() => stopPostgres(postgres));

/**
 * What a node can do without: the wall between tenants, which has the locks of all tables, and two indexes, which keep writers of
 * tickets waiting. Whichever migrations come later, these lie before them. The answer names them.
 */
function undo() {
  const folder = fileURLToPath(new URL("../../../migrations", import.meta.url));
  const raisesTheWall = (name) => /(create|alter|drop) policy|row level security/i.test(readFileSync(`${folder}/${name}`, "utf8"));
  const walls = readdirSync(folder).filter((name) => name.endsWith(".postgres.sql") && raisesTheWall(name));
  const names = ["0014_bot_queues", ...walls.map((name) => name.replace(".postgres.sql", ""))];
  assert.ok(names.length > 2, `${names}`);
  runSql(
    postgres,
    `drop index tickets_with_bot, tickets_unassigned;
     do $$ declare walled record; begin
       for walled in select tablename, policyname from pg_policies where schemaname = current_schema() loop
         execute format('drop policy %I on %I', walled.policyname, walled.tablename);
         execute format('alter table %I no force row level security', walled.tablename);
         execute format('alter table %I disable row level security', walled.tablename);
       end loop;
     end $$;
     delete from schema_migrations where name in (${names.map((name) => `'${name}'`).join()})`,
  );
  return names;
}

/** Somebody who writes without a pause, takes no answer but a stored message, and repeats nothing. */
function startWriting(server, person, ticket_id, name) {
  const writing = { person, ticket_id, acked: [], slowest: 0, isOver: false };
  writing.done = (async () => {
    while (!writing.isOver) {
      const body = { message_content: `${name} says ${writing.acked.length}`, client_id: `${name}/${writing.acked.length}` };
      const asked = Date.now();
      const answer = await call(server, "POST", `/api/messages/${ticket_id}`, { token: person.token, body });
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      writing.acked.push(answer.body);
      writing.slowest = Math.max(writing.slowest, Date.now() - asked);
      await pause(2);
    }
  })();
  // It is told where it is waited for.
  writing.done.catch(() => (writing.isOver = true));
  return writing;
}

async function startWritings(server, people, name) {
  const writings = people.map(({ person, ticket_id }, place) => startWriting(server, person, ticket_id, `${name}-${place}`));
  await acked(writings, 20);
  return writings;
}

/** Waits until each has so many more; one that failed fails here. */
async function acked(writings, more) {
  const before = writings.map((one) => one.acked.length);
  const isFar = (one, place) => one.isOver || one.acked.length >= before[place] + more;
  await poll(`${more} messages of each to be acked`, 60_000, () => writings.every(isFar));
  await Promise.all(writings.filter((one) => one.isOver).map((one) => one.done));
}

test("a node goes on serving while another one migrates: no message fails, and none is lost", { timeout: 180_000 }, async () => {
  const servers = [await startServer({ databaseUrl: postgres.url })];
  try {
    const wanted = dumpSchema(postgres.url);
    const people = [];
    for (let index = 0; index < 6; index += 1) {
      const person = await newCustomer(servers[0]);
      people.push({ person, ticket_id: (await newTicket(servers[0], person)).ticket_id });
    }
    const names = undo();
    assert.notEqual(dumpSchema(postgres.url), wanted);
    const writings = await startWritings(servers[0], people, "old");
    const begun = Date.now();
    servers.push(await startServer({ databaseUrl: postgres.url }));
    const took = Date.now() - begun;
    const told = readLog(servers[1]);
    for (const name of names) assert.ok(told.includes(name), `${name} was carried out by it`);
    assert.equal(dumpSchema(postgres.url), wanted);
    const others = await startWritings(servers[1], people, "new");
    await acked([...writings, ...others], 50);
    for (const writing of [...writings, ...others]) writing.isOver = true;
    await Promise.all([...writings, ...others].map((writing) => writing.done));

    let count = 0;
    for (const { person, ticket_id } of people) {
      const ours = [...writings, ...others].filter((writing) => writing.ticket_id === ticket_id);
      for (const server of servers) {
        const rows = await allMessages(server, person, ticket_id);
        assert.deepEqual(rows.map((row) => row.seq), rows.map((_, place) => place + 1), "no hole");
        assert.deepEqual(new Set(rows.map(facts)), new Set(ours.flatMap((writing) => writing.acked).map(facts)));
        count += rows.length;
      }
    }
    const slowest = Math.max(...writings.map((writing) => writing.slowest));
    console.log(`  ${names.length} migrations, the node ready in ${took} ms; ${count / 2} messages, the slowest acked in ${slowest} ms`);
  } finally {
    for (const server of servers) await stopServer(server);
  }
});
