// What the server stands on fails under load: refusals are 503, nothing acked is lost, and it heals by itself.

import assert from "node:assert/strict";
import { test } from "node:test";

import { startLink } from "../harness/link.mjs";
import { figure, scrape, valueOf } from "../harness/metrics.mjs";
import { call, get, newCustomer, newSupport, newTicket, post } from "../harness/people.mjs";
import { crashPostgres, restartPostgres, startPostgres, startStandby, stopPostgres } from "../harness/postgres.mjs";
import { withServer } from "../harness/server.mjs";
import { allHeard, ask, connect, forget, heard, tell } from "../harness/sockets.mjs";
import { poll } from "../harness/wait.mjs";
import { troubleDisk } from "../trials/disk.mjs";
import { failOver } from "../trials/failover.mjs";
import { troublePostgres } from "../trials/postgres.mjs";

test("a disk that is full and a file that is locked", { timeout: 120_000 }, async () => {
  console.log("keeping the server from writing (about 10 s) ...");
  await troubleDisk();
});

test("PostgreSQL crashed, cut off, frozen, and lost between COMMIT and its answer", { timeout: 120_000 }, async () => {
  console.log("troubling PostgreSQL (about 10 s) ...");
  await troublePostgres();
});

test("the primary of PostgreSQL killed, its standby promoted, and the old one back as a standby", { timeout: 120_000 }, async () => {
  console.log("failing over to a standby, with and without target_session_attrs (about 25 s) ...");
  await failOver();
  await failOver({ attributes: "" });
});

test("reports come from a standby, and from the database while that is away", { timeout: 60_000 }, async () => {
  const postgres = await startPostgres();
  const standby = await startStandby(postgres);
  try {
    await withServer({ databaseUrl: postgres.url, env: { DATABASE_REPLICA_URL: standby.url } }, async (server) => {
      const support = await newSupport(server);
      const report = () => get(server, support, "/api/analytics/overview");
      const reads = async (outcome) => valueOf(await scrape(server), "smilechat_replica_reads_total", { outcome }) ?? 0;
      const standing = async () => {
        const answer = await fetch(`${server.url}/readyz`);
        const { dependencies } = await answer.json();
        return [answer.status, dependencies.find(({ name }) => name === "replica").status];
      };
      const isAnswered = async () => {
        const before = await reads("answered");
        await report();
        return (await reads("answered")) === before + 1;
      };
      const isUp = (is) => figure(server, "smilechat_dependency_up", { dependency: "replica" }, (value) => value === is);
      await poll("the standby to answer", 10_000, isAnswered);
      await isUp(1);
      await figure(server, "smilechat_dependency_ping_seconds", { dependency: "replica" }, (value) => value > 0 && value < 2);
      assert.ok(valueOf(await scrape(server), "smilechat_replica_lag_seconds") < 30);
      assert.deepEqual(await standing(), [200, "ok"]);
      crashPostgres(standby);
      const before = await reads("passed_on");
      for (let count = 0; count < 5; count += 1) await report();
      assert.equal(await reads("passed_on"), before + 5);
      await poll("the standby to be told down", 3_000, async () => (await standing()).join() === "200,down");
      await isUp(0);
      restartPostgres(standby);
      await poll("the standby to answer again", 10_000, isAnswered);
      await isUp(1);
    });
  } finally {
    stopPostgres(standby);
    stopPostgres(postgres);
  }
});

/** A server whose PostgreSQL is reached by a link that the test can cut. */
async function overLink(work) {
  const postgres = await startPostgres();
  const link = await startLink(postgres.port);
  const databaseUrl = postgres.url.replace(postgres.port, link.port);
  try {
    await withServer({ databaseUrl }, (server) => work(server, link));
  } finally {
    link.close();
    stopPostgres(postgres);
  }
}

test("what was committed is told, although the answer to COMMIT was lost", { timeout: 120_000 }, async () => {
  await overLink(async (server, link) => {
    const [customer, support] = [await newCustomer(server), await newSupport(server)];
    const { ticket_id } = await newTicket(server, customer);
    const [there, here] = [await connect(server, customer), await connect(server, support)];
    await tell(there, "join_ticket", { ticket_id });
    // No second message follows that would show the hole.
    const sent = [];
    for (let number = 1; number <= 5; number += 1) {
      link.cutAnswers = 1;
      const message_content = `number ${number}`;
      const message = await post(server, support, `/api/messages/${ticket_id}`, { message_content });
      sent.push(message.message_id);
      await heard(there, "chat_message", (shown) => shown.message_content === message_content);
      await poll("the cut", 5_000, () => link.cutAnswers === 0);
    }
    const { data } = await get(server, customer, `/api/messages/${ticket_id}`);
    assert.deepEqual(data.map((message) => message.message_id), sent);
    link.cutAnswers = 1;
    await post(server, support, "/api/auth/logout", {});
    await heard(here, "disconnect", () => true, 2_000);
  });
});

test("a COMMIT that arrives late, after its caller was refused, stores nothing", { timeout: 120_000 }, async () => {
  await overLink(async (server, link) => {
    const [customer, support] = [await newCustomer(server), await newSupport(server)];
    const { ticket_id } = await newTicket(server, customer);
    const there = await connect(server, customer);
    await tell(there, "join_ticket", { ticket_id });
    const say = (message_content) =>
      call(server, "POST", `/api/messages/${ticket_id}`, { token: support.token, body: { message_content } });
    // Another write, such as a delivery mark, may be the one that goes astray.
    let refused = 0;
    for (let round = 1; refused < 3 && round <= 30; round += 1) {
      link.lateCommits = 1;
      const { status } = await say(`astray ${round}`);
      assert.ok([201, 503].includes(status), `${status}`);
      link.lateCommits = 0;
      link.deliver();
      refused += status === 503;
      await poll("a message to be stored", 5_000, async () => (await say(`after ${round}`)).status === 201);
      await heard(there, "chat_message", (shown) => shown.message_content === `after ${round}`);
    }
    assert.equal(refused, 3);
    const shown = there.events.filter(({ name }) => name === "chat_message").map(({ payload }) => payload);
    const { data } = await get(server, customer, `/api/messages/${ticket_id}?limit=100`);
    const places = (messages) => messages.map(({ seq, message_content }) => [seq, message_content]);
    assert.deepEqual(places(shown), places(data), "what was shown is what is stored");
    assert.deepEqual(data.map(({ seq }) => seq), data.map((_, place) => place + 1));
  });
});

test("a join that fails for want of the database puts nobody out of the room", { timeout: 120_000 }, async () => {
  const postgres = await startPostgres();
  try {
    await withServer({ databaseUrl: postgres.url }, async (server) => {
      const [customer, support] = [await newCustomer(server), await newSupport(server)];
      const { ticket_id } = await newTicket(server, customer);
      const [live, behind, newcomer] = [
        await connect(server, customer),
        await connect(server, customer),
        await connect(server, customer),
      ];
      const ours = await connect(server, support);
      // More than a page, so that whoever asks for all of it is behind.
      for (let said = 0; said < 201; said += 1) ours.socket.emit("chat_message", { ticket_id, message_content: "before" });
      await poll("all to be stored", 20_000, async () => {
        const joined = await tell(live, "join_ticket", { ticket_id });
        return joined.last_seq === 201;
      });
      assert.equal((await tell(behind, "join_ticket", { ticket_id, after_seq: 0 })).has_more, true);
      forget(live);

      crashPostgres(postgres);
      for (const [line, after_seq] of [[live, 201], [behind, 200], [newcomer, 201]]) {
        const refused = await ask(line, "join_ticket", { ticket_id, after_seq });
        assert.equal(refused.error?.code, "unavailable");
      }
      restartPostgres(postgres);
      const said = { ticket_id, message_content: "after", client_id: "after" };
      await poll("the database to be back", 20_000, async () => (await ask(ours, "chat_message", said)).message);
      await heard(live, "chat_message", (message) => message.message_content === "after");
      await heard(behind, "resync", (event) => event.ticket_id === ticket_id);
      assert.deepEqual(allHeard(newcomer, "chat_message"), []);
    });
  } finally {
    stopPostgres(postgres);
  }
});
