// Two nodes on one PostgreSQL keep every promise across nodes, whichever bus tells them of one another.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";

import { isInTouch } from "../harness/cluster.mjs";
import { figure, scrape, valueOf } from "../harness/metrics.mjs";
import { allMessages, call, get, newCustomer, newStaff, newSupport, newTicket, post, put } from "../harness/people.mjs";
import { runSql, startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { askRedis, killRedis, startRedis } from "../harness/redis.mjs";
import { endProcess, freeze, startServer, stopServer } from "../harness/server.mjs";
import { allHeard, connect, forget, heard, tell } from "../harness/sockets.mjs";
import { pause, poll } from "../harness/wait.mjs";
import { goAway } from "../trials/absence.mjs";
import { troubleBus } from "../trials/bus.mjs";
import { oneOrder } from "../trials/order.mjs";
import { cutOff } from "../trials/revocation.mjs";

let postgres;
let redis;
before(async () => {
  postgres = await startPostgres();
  redis = await startRedis();
});
after(async () => {
  stopPostgres(postgres);
  await killRedis(redis);
});

const buses = { postgres: () => ({}), redis: () => ({ REDIS_URL: redis.url }) };

function settings(bus) {
  return {
    SMILECHAT_DATABASE__POOL_SIZE: "4",
    SMILECHAT_BUS__HEARTBEAT_MS: "500",
    SMILECHAT_BUS__LEASE_MS: "3000",
    ...buses[bus](),
  };
}

/** Nodes of one deployment, each of which hears the others. */
async function startNodes(bus, env = {}, roles = [{}, {}]) {
  const name = `chat_${Math.random().toString(36).slice(2)}`;
  runSql(postgres, `create database ${name}`);
  const databaseUrl = postgres.url.replace(/postgres$/, name);
  const nodes = [];
  for (const role of roles) {
    nodes.push(await startServer({
      databaseUrl,
      env: {
        ...settings(bus),
        ...env,
        ...role,
      },
    }));
  }
  for (const node of nodes) await isInTouch(node, nodes.length - 1);
  return nodes;
}

for (const bus of Object.keys(buses)) {
  describe(`by ${bus}`, () => {
    let nodes;
    before(async () => (nodes = await startNodes(bus)));
    after(async () => {
      for (const node of nodes) await stopServer(node);
    });

    test("everybody on both nodes gets every message once and in order, and the same client_id is one message", async () => {
      const [one, two] = nodes;
      const [customer, support] = [await newCustomer(one), await newSupport(one)];
      const { ticket_id } = await newTicket(one, customer);
      const [writing, reading] = [await connect(one, customer), await connect(two, support)];
      for (const line of [writing, reading]) await tell(line, "join_ticket", { ticket_id });
      const began = Date.now();
      await tell(writing, "chat_message", { ticket_id, message_content: "Hello?" });
      await heard(reading, "chat_message", (message) => message.seq === 1, 1_000);
      console.log(`# ${bus}: a message crossed in ${Date.now() - began} ms with its ack`);
      for (const line of [writing, reading]) line.socket.disconnect();
      await oneOrder({ nodes }, { messages: 200, repeats: 8 });
    });

    test("what happens to a ticket on one node is seen on the other", async () => {
      const [one, two] = nodes;
      const [customer, support, admin] = [await newCustomer(one), await newSupport(one), await newStaff(one, "admin")];
      const [ours, theirs] = [await connect(two, support), await connect(two, customer)];
      const writing = await connect(one, customer);
      const { ticket_id } = await newTicket(one, customer);
      const { ticket } = await heard(ours, "ticket_created", (event) => event.ticket.ticket_id === ticket_id, 2_000);
      assert.equal(ticket.customer_id, customer.id);
      for (const line of [ours, theirs, writing]) await tell(line, "join_ticket", { ticket_id });

      await tell(writing, "typing", { ticket_id, is_typing: true });
      await heard(ours, "typing", (event) => event.is_typing && event.user_id === customer.id, 2_000);
      await tell(writing, "chat_message", { ticket_id, message_content: "Hello?" });
      await heard(ours, "typing", (event) => !event.is_typing && event.user_id === customer.id, 2_000);
      await heard(ours, "ticket_activity", (event) => event.ticket_id === ticket_id && event.last_seq === 1, 3_000);
      await heard(writing, "message_delivered", (event) => event.up_to_seq === 1, 3_000);
      await tell(ours, "message_read", { ticket_id, up_to_seq: 1 });
      const read = await heard(writing, "message_read", (event) => event.up_to_seq === 1, 2_000);
      assert.deepEqual([read.reader_id, read.message_ids], [support.id, [`${ticket_id}.1`]]);

      await put(one, admin, `/api/tickets/${ticket_id}`, { support_id: support.id, priority: "high" });
      for (const line of [ours, theirs]) {
        const update = await heard(line, "ticket_updated", (event) => event.ticket.support_id === support.id, 2_000);
        assert.ok(["support_id", "priority"].every((field) => update.changed.includes(field)), update.changed.join());
      }
      // The customer sees whoever has the ticket.
      await heard(theirs, "online_users", (users) => users.some((user) => user.user_id === support.id), 3_000);
      await post(one, support, `/api/tickets/${ticket_id}/notes`, { body: "A regular" });
      await heard(ours, "ticket_note", (note) => note.body === "A regular", 2_000);
      await put(one, support, `/api/tickets/${ticket_id}`, { status: "closed" });
      await post(one, customer, `/api/tickets/${ticket_id}/rating`, { score: 5 });
      await heard(ours, "ticket_rated", (rating) => rating.ticket_id === ticket_id && rating.score === 5, 2_000);
      assert.equal((await call(one, "DELETE", `/api/tickets/${ticket_id}`, { token: admin.token })).status, 204);
      for (const line of [ours, theirs]) await heard(line, "ticket_deleted", (event) => event.ticket_id === ticket_id, 2_000);
      await pause(300);
      for (const name of ["ticket_created", "ticket_note", "ticket_rated", "ticket_deleted"]) {
        assert.equal(allHeard(ours, name).length, 1, `${name} is told once`);
      }
      for (const line of [ours, theirs, writing]) line.socket.disconnect();
    });

    test("who loses a right, or whose key is revoked, on one node loses it on the other at once, and its sockets are cut", async () => {
      await cutOff({ nodes });
    });

    test("presence is that of all nodes", async () => {
      const [one, two] = nodes;
      const [ann, bob] = [await newSupport(one, "ann"), await newSupport(one, "bob")];
      const ours = await connect(one, ann);
      const theirs = [await connect(two, bob)];
      await heard(ours, "user_status", (event) => event.user_id === bob.id && event.status === "online", 2_000);
      await heard(ours, "online_users", (users) => users.some((user) => user.user_id === bob.id), 2_000);
      await tell(theirs[0], "user_status", { status: "busy" });
      await heard(ours, "user_status", (event) => event.user_id === bob.id && event.status === "busy", 2_000);
      assert.equal((await get(one, ann, `/api/users/status?user_id=${bob.id}`)).status, "busy");
      // Here as well: nobody sees a difference, until both are gone.
      theirs.push(await connect(one, bob));
      await pause(300);
      forget(ours);
      theirs[0].socket.disconnect();
      await pause(2_600);
      assert.equal((await get(two, ann, `/api/users/status?user_id=${bob.id}`)).status, "busy");
      assert.deepEqual(allHeard(ours, "user_status").filter((event) => event.user_id === bob.id), []);
      theirs[1].socket.disconnect();
      await heard(ours, "user_status", (event) => event.user_id === bob.id && event.status === "offline", 4_000);
      await poll("the other node to see it", 2_000, async () => (await get(two, ann, `/api/users/status?user_id=${bob.id}`)).status === "offline");
      ours.socket.disconnect();
    });

    test("a node that dies takes its people along, and one that stops says so", async () => {
      const [one] = nodes;
      const ann = await newSupport(one, "ann");
      const ours = await connect(one, ann);
      for (const [signal, limit] of [["SIGKILL", 6_000], ["SIGTERM", 5_000]]) {
        const three = await startServer({ databaseUrl: one.environment.DATABASE_URL, env: settings(bus) });
        await isInTouch(three, nodes.length);
        const bob = await newSupport(one, "bob");
        const theirs = await connect(three, bob);
        await heard(ours, "user_status", (event) => event.user_id === bob.id && event.status === "online", 3_000);
        const began = Date.now();
        const ended = endProcess(three, signal);
        await heard(ours, "user_status", (event) => event.user_id === bob.id && event.status === "offline", limit);
        console.log(`# ${bus}: after ${signal} offline within ${Date.now() - began} ms, at a lease of 3000 ms`);
        theirs.socket.disconnect();
        await ended;
      }
      ours.socket.disconnect();
    });

    test("a client that is killed or falls silent on one node is offline on the other, and typing ends on both", async () => {
      const [one] = nodes;
      const patience = { SMILECHAT_REALTIME__PING_INTERVAL_MS: "1000", SMILECHAT_REALTIME__PING_TIMEOUT_MS: "1000" };
      const three = await startServer({ databaseUrl: one.environment.DATABASE_URL, env: { ...settings(bus), ...patience } });
      await isInTouch(three, nodes.length);
      await goAway({ nodes: [three, one] }, { clients: 6, typists: 3 });
      await stopServer(three);
    });

    test("who comes back by another node, when theirs is stopped, was never gone", async () => {
      const [one, two] = nodes;
      const [ann, bob, customer] = [await newSupport(one, "ann"), await newSupport(one, "bob"), await newCustomer(one)];
      const { ticket_id } = await newTicket(one, customer);
      await put(one, ann, `/api/tickets/${ticket_id}`, { support_id: bob.id });
      const watching = [await connect(one, ann), await connect(one, customer)];
      const three = await startServer({ databaseUrl: one.environment.DATABASE_URL, env: settings(bus) });
      await isInTouch(three, nodes.length);
      const before = await connect(three, bob);
      for (const line of watching) await heard(line, "online_users", (users) => users.some((user) => user.user_id === bob.id), 3_000);
      watching.forEach(forget);
      const stopped = endProcess(three, "SIGTERM");
      await heard(before, "disconnect", () => true, 4_000);
      await pause(1_000);
      const after = await connect(two, bob);
      assert.deepEqual(await stopped, { code: 0, signal: null });
      await pause(4_000);
      for (const line of watching) {
        const flickers = allHeard(line, "user_status").filter((event) => event.user_id === bob.id);
        assert.deepEqual(flickers, [], "nobody is told anything of them");
        const lists = allHeard(line, "online_users");
        assert.ok(lists.every((users) => users.some((user) => user.user_id === bob.id)), JSON.stringify(lists));
      }
      for (const line of [...watching, after]) line.socket.disconnect();
    });

    test("of a flood of typing little crosses, and how it ended does", async () => {
      const [one, two] = nodes;
      const [customer, support] = [await newCustomer(one), await newSupport(one)];
      const { ticket_id } = await newTicket(one, customer);
      const [typing, far] = [await connect(one, customer), await connect(two, support)];
      for (const line of [typing, far]) await tell(line, "join_ticket", { ticket_id });
      const began = Date.now();
      for (let count = 0; count < 400; count += 1) typing.socket.emit("typing", { ticket_id, is_typing: count % 2 === 0 });
      await tell(typing, "typing", { ticket_id, is_typing: false });
      await heard(far, "typing", (event) => event.is_typing, 2_000);
      await pause(700);
      const crossed = allHeard(far, "typing");
      const most = 3 + Math.ceil((Date.now() - began) / 250);
      assert.ok(crossed.length <= most, `${crossed.length} of 401 crossed`);
      assert.equal(crossed.at(-1).is_typing, false);
      for (const line of [typing, far]) line.socket.disconnect();
    });

    test("a customer whose ticket is deleted on another node sees its agent no longer", async () => {
      const [one, two] = nodes;
      const [customer, support, admin] = [await newCustomer(one), await newSupport(one), await newStaff(one, "admin")];
      const { ticket_id } = await newTicket(one, customer);
      await put(one, admin, `/api/tickets/${ticket_id}`, { support_id: support.id });
      // They have no ticket open: nobody on this node follows it.
      const [theirs, ours] = [await connect(two, customer), await connect(one, support)];
      await heard(theirs, "online_users", (users) => users.some((user) => user.user_id === support.id), 3_000);
      forget(theirs);
      assert.equal((await call(one, "DELETE", `/api/tickets/${ticket_id}`, { token: admin.token })).status, 204);
      await heard(theirs, "online_users", (users) => users.every((user) => user.user_id !== support.id), 3_000);
      for (const line of [theirs, ours]) line.socket.disconnect();
    });

    test("what a widget shows is remembered, and changed on all nodes at once", async () => {
      const [one, two] = nodes;
      const admin = await newStaff(one, "admin");
      const shown = async (node) => (await (await fetch(`${node.url}/api/widget`)).json()).greeting;
      const reads = async (node) => valueOf(await scrape(node), "smilechat_db_run_seconds_count", { kind: "read" });
      for (let round = 1; round <= 5; round += 1) {
        for (const node of nodes) await shown(node);
        await put(one, admin, "/api/settings/widget", { greeting: `Hello ${round}` });
        assert.equal(await shown(one), `Hello ${round}`, "here, by the next request");
        await poll("the other node to show it", 1_500, async () => (await shown(two)) === `Hello ${round}`);
      }
      const before = await reads(two);
      for (let count = 0; count < 200; count += 1) await shown(two);
      const asked = (await reads(two)) - before;
      assert.ok(asked < 100, `${asked} reads for 200 requests`);
    });

    test("an event that cannot be read keeps nobody from the others", async () => {
      const [one, two] = nodes;
      const [person, customer] = [await newSupport(one), await newCustomer(one)];
      const { ticket_id } = await newTicket(one, customer);
      const line = await connect(two, person);
      const url = one.environment.DATABASE_URL;
      const sql = (statement) => runSql({ url }, statement).trim();
      const session = sql(`select session_id from sessions s join users u on u.user_key = s.user_key where u.user_id = '${person.id}' order by s.created_at desc limit 1`);
      const stored = (kind, ticket, data) => `insert into events (tenant_key, kind, ticket_id, data, timestamp) values
        ((select tenant_key from users where user_id = '${person.id}'), '${kind}', ${ticket}, '${JSON.stringify(data)}', 1);`;
      // As after a migration of a newer version: what the first one reads is not there.
      sql("alter table notes rename to notes_of_later");
      try {
        sql(`begin; ${stored("note_added", `'${ticket_id}'`, { note_id: "x" })} ${stored("session_ended", "null", { session_id: session, reason: "logout" })} commit`);
        await heard(line, "session_expired", () => true, 3_000);
        await figure(two, "smilechat_db_errors_total", { kind: "fault" }, (value) => value > 0);
      } finally {
        sql("alter table notes_of_later rename to notes");
      }
    });

    test("keys that are given up are counted, and sessions are looked up anew", async () => {
      const [one, two] = nodes;
      const person = await newSupport(one);
      const line = await connect(two, person);
      const url = one.environment.DATABASE_URL;
      const sql = (statement) => runSql({ url }, statement).trim();
      // It ended, and the event of it is one that nobody will see.
      sql(`update sessions set ended_at = 1 where user_key = (select user_key from users where user_id = '${person.id}')`);
      sql("select setval(pg_get_serial_sequence('events', 'event_key'), (select max(event_key) + 2000 from events))");
      await newTicket(one, await newCustomer(one));
      await poll("them to be counted", 5_000, async () => valueOf(await scrape(two), "smilechat_events_given_up_total") >= 1_000);
      await heard(line, "session_expired", () => true, 8_000);
    });

    if (bus === "postgres") {
      test("connections that listen are ended over and over: nothing fails and nothing is lost", () =>
        troubleBus({ nodes, postgres }, { seconds: 3, judged: 0 }));
    }
  });
}

test("when the bus was away and nothing was missed, nobody tells everybody", async () => {
  const nodes = await startNodes("redis");
  const ann = await newSupport(nodes[0], "ann");
  const line = await connect(nodes[0], ann);
  const isSeen = () => poll("the other to know", 5_000, async () => (await get(nodes[1], ann, `/api/users/status?user_id=${ann.id}`)).status === "online");
  await isSeen();
  const lists = () => Promise.all(nodes.map(async (node) => valueOf(await scrape(node), "smilechat_presence_lists_total") ?? 0));
  const before = await lists();
  for (let round = 0; round < 3; round += 1) {
    askRedis(redis, "client", "kill", "type", "pubsub");
    await pause(1_200);
    for (const node of nodes) await isInTouch(node, 1);
  }
  assert.deepEqual(await lists(), before);
  await isSeen();
  line.socket.disconnect();
  for (const node of nodes) await stopServer(node);
});

test("sockets of a user are counted over all nodes", async () => {
  const nodes = await startNodes("postgres", { RATE_LIMIT: "on", SMILECHAT_LIMITS__SOCKETS_PER_USER: "3" });
  const customer = await newCustomer(nodes[0]);
  const lines = [];
  for (const node of [nodes[0], nodes[1], nodes[0]]) {
    lines.push(await connect(node, customer));
    await pause(400);
  }
  for (const node of nodes) await assert.rejects(connect(node, customer), /too_many_connections/);
  lines.pop().socket.disconnect();
  await poll("there to be room again", 3_000, () => connect(nodes[1], customer).then((line) => lines.push(line), () => false));
  for (const node of nodes) await stopServer(node);
});

test("a node that stood still learns which sessions ended meanwhile before it acts on what waits", async () => {
  const nodes = await startNodes("redis");
  const [one, two] = nodes;
  const [customer, other, support] = [await newCustomer(one), await newCustomer(one), await newSupport(one)];
  const [{ ticket_id }, { ticket_id: another }] = [await newTicket(one, customer), await newTicket(one, other)];
  const [writing, watching] = [await connect(two, customer), await connect(two, support)];
  await tell(writing, "join_ticket", { ticket_id });

  await freeze(two);
  // They lie in the buffers of the sockets and of the bus until the node goes on.
  const acks = Array.from({ length: 20 }, (_, place) =>
    writing.socket.timeout(4_000).emitWithAck("chat_message", { ticket_id, message_content: `Grave ${place}` }).catch(() => null));
  for (const { token } of [customer, support]) await call(one, "POST", "/api/auth/logout", { token, body: {} });
  await post(one, other, `/api/messages/${another}`, { message_content: "Not for those who left" });
  await pause(3_000);
  two.child.kill("SIGCONT");

  await heard(watching, "disconnect", () => true, 3_000);
  for (const ack of await Promise.all(acks)) assert.ok(!ack || ack.error?.code === "unauthorized", JSON.stringify(ack));
  const admin = await newStaff(one, "admin");
  assert.deepEqual((await allMessages(one, admin, ticket_id)).map((message) => message.message_content), []);
  assert.deepEqual(allHeard(watching, "ticket_activity").filter((activity) => activity.ticket_id === another && activity.last_message), []);
  for (const node of nodes) await stopServer(node);
});

test("a node answers nobody before it knows up to where it has followed", async () => {
  const [one] = await startNodes("postgres", {}, [{}]);
  const url = one.environment.DATABASE_URL;
  const locked = spawn("psql", ["-X", "-q", "-d", url], { stdio: ["pipe", "pipe", "inherit"] });
  locked.stdin.write("begin; lock table events in access exclusive mode;\n\\echo locked\n");
  await once(locked.stdout, "data");
  let isUp = false;
  const starting = startServer({ databaseUrl: url, env: settings("postgres") }).then((node) => ((isUp = true), node));
  await pause(2_500);
  const wasUp = isUp;
  locked.stdin.end("commit;\n");
  const two = await starting;
  assert.equal(wasUp, false, "what happened meanwhile would be neither known nor told");
  for (const node of [one, two]) await stopServer(node);
});
