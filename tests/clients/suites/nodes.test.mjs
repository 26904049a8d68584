// Two nodes on one PostgreSQL keep every promise across nodes, whichever bus tells them of one another.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { isInTouch } from "../harness/cluster.mjs";
import { scrape, valueOf } from "../harness/metrics.mjs";
import { allMessages, call, get, login, newCustomer, newStaff, newSupport, newTicket, post, put } from "../harness/people.mjs";
import { runSql, startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { askRedis, killRedis, launchRedis, startRedis } from "../harness/redis.mjs";
import { endProcess, startServer, stopServer } from "../harness/server.mjs";
import { allHeard, connect, forget, heard, tell } from "../harness/sockets.mjs";
import { pause, poll } from "../harness/wait.mjs";
import { troubleBus } from "../trials/bus.mjs";

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

    test("everybody on both nodes gets every message once and in order", async () => {
      const [one, two] = nodes;
      const [customer, support] = [await newCustomer(one), await newSupport(one)];
      const { ticket_id } = await newTicket(one, customer);
      const readers = [];
      for (const node of nodes) for (const person of [customer, support]) readers.push(await connect(node, person));
      for (const line of readers) await tell(line, "join_ticket", { ticket_id });

      const began = Date.now();
      await tell(readers[0], "chat_message", { ticket_id, message_content: "Hello?" });
      await heard(readers[3], "chat_message", (message) => message.seq === 1, 1_000);
      const crossing = Date.now() - began;

      const senders = [];
      for (let place = 0; place < 8; place += 1) senders.push(await connect(place % 2 ? one : two, place % 3 ? customer : support));
      await Promise.all(senders.map(async (line, sender) => {
        for (let count = 0; count < 25; count += 1) {
          await tell(line, "chat_message", { ticket_id, message_content: `${sender}/${count}`, client_id: `${sender}-${count}` });
        }
      }));
      for (const line of readers) await heard(line, "chat_message", (message) => message.seq === 201, 3_000);
      const stored = await allMessages(two, support, ticket_id);
      const expected = Array.from({ length: 201 }, (_, place) => place + 1);
      assert.deepEqual(stored.map((message) => message.seq), expected);
      for (const line of readers) {
        const seen = allHeard(line, "chat_message");
        assert.deepEqual(seen.map((message) => message.seq), expected);
        assert.deepEqual(seen.map((message) => message.message_content), stored.map((message) => message.message_content));
      }
      console.log(`# ${bus}: a message crossed in ${crossing} ms with its ack`);
      for (const line of [...readers, ...senders]) line.socket.disconnect();
    });

    test("the same client_id on both nodes at once is one message", async () => {
      const [one, two] = nodes;
      const customer = await newCustomer(one);
      const { ticket_id } = await newTicket(one, customer);
      const lines = [await connect(one, customer), await connect(two, customer)];
      for (const line of lines) await tell(line, "join_ticket", { ticket_id });
      const message = { ticket_id, message_content: "Once", client_id: "only-once" };
      const sends = Array.from({ length: 20 }, (_, place) => tell(lines[place % 2], "chat_message", message));
      const posts = nodes.map((node) => post(node, customer, `/api/messages/${ticket_id}`, { message_content: "Once", client_id: "only-once" }));
      const ids = new Set([...(await Promise.all(sends)).map((ack) => ack.message.message_id), ...(await Promise.all(posts)).map((sent) => sent.message_id)]);
      assert.equal(ids.size, 1);
      assert.equal((await allMessages(two, customer, ticket_id)).length, 1);
      for (const line of lines) {
        await heard(line, "chat_message", (sent) => sent.seq === 1);
        assert.equal(allHeard(line, "chat_message").length, 1);
        line.socket.disconnect();
      }
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

    test("who loses a right on one node loses it on the other at once", async () => {
      const [one, two] = nodes;
      const admin = await newStaff(one, "admin");
      const revocations = {
        "a logout": (person) => call(one, "POST", "/api/auth/logout", { token: person.token, body: {} }),
        "a new password": async (person) => {
          const elsewhere = await login(one, person.username, person.password);
          return call(one, "PUT", "/api/users/profile", {
            token: elsewhere.token,
            body: { current_password: person.password, new_password: "another horse battery" },
          });
        },
        "another role": (person) => call(one, "PUT", `/api/users/${person.id}`, { token: admin.token, body: { roles: ["customer"] } }),
        "a closed account": (person) => call(one, "PUT", `/api/users/${person.id}`, { token: admin.token, body: { is_disabled: true } }),
      };
      for (const [what, revoke] of Object.entries(revocations)) await isCutOff(what, revoke);
      console.log(`# ${bus}: cut off within ${worst} ms at most`);
    });

    let worst = 0;
    async function isCutOff(what, revoke, limit = 2_000) {
      const [one, two] = nodes;
      const person = await newSupport(one);
      const line = await connect(two, person);
      await get(two, person, "/api/users/profile");
      const answer = await revoke(person);
      assert.ok(answer.status < 300, `${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
      const began = Date.now();
      await poll(`the token to be refused after ${what}`, limit, async () => (await call(two, "GET", "/api/users/profile", { token: person.token })).status === 401);
      await heard(line, "disconnect", () => true, Math.max(1, limit - (Date.now() - began)));
      worst = Math.max(worst, Date.now() - began);
    }

    test("a key that is revoked on one node is refused on the other, and its sockets are cut", async () => {
      const [one, two] = nodes;
      const [admin, customer] = [await newStaff(one, "admin"), await newCustomer(one)];
      const key = await post(one, admin, "/api/api-keys", { kind: "publishable", name: "Widget" });
      const headers = { "x-api-key": key.api_key };
      assert.equal((await call(two, "GET", "/api/widget", { headers })).status, 200);
      const line = await connect(two, customer, "websocket", { auth: { token: customer.token, apiKey: key.api_key } });
      assert.equal((await call(one, "DELETE", `/api/api-keys/${key.api_key_id}`, { token: admin.token })).status, 204);
      await heard(line, "disconnect", () => true, 2_000);
      await poll("the key to be refused", 2_000, async () => (await call(two, "GET", "/api/widget", { headers })).status === 401);
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
      for (const [signal, limit] of [["SIGKILL", 6_000], ["SIGTERM", 1_500]]) {
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

    if (bus === "postgres") {
      test("connections that listen are ended over and over: nothing fails and nothing is lost", () =>
        troubleBus({ nodes, postgres }, { seconds: 3, judged: 0 }));
    }
  });
}

describe("without Redis", () => {
  let nodes;
  before(async () => (nodes = await startNodes("redis", { RATE_LIMIT: "on", SMILECHAT_LIMITS__LOGIN_FAILURES: "4" })));
  after(async () => {
    for (const node of nodes) await stopServer(node);
  });

  const outages = {
    killed: { begin: () => killRedis(redis), end: () => launchRedis(redis) },
    frozen: { begin: () => redis.child.kill("SIGSTOP"), end: () => redis.child.kill("SIGCONT") },
    flushed: { begin: () => askRedis(redis, "flushall"), end: () => {} },
    "full of junk": {
      begin: () => {
        const [channel] = askRedis(redis, "pubsub", "channels", "smilechat_*").split("\n");
        for (const junk of ["", "junk", "smilechat1 0123 x 0\n\"recorded\"", "x".repeat(100_000)]) askRedis(redis, "publish", channel, junk);
      },
      end: () => {},
    },
  };

  for (const [state, { begin, end }] of Object.entries(outages)) {
    test(`while Redis is ${state}, nothing fails and nothing is lost`, async () => {
      const [one, two] = nodes;
      const [customer, support, leaver] = [await newCustomer(one), await newSupport(one), await newSupport(one)];
      const { ticket_id } = await newTicket(one, customer);
      const [writing, near, far] = [await connect(one, customer), await connect(one, support), await connect(two, support)];
      for (const line of [writing, near, far]) await tell(line, "join_ticket", { ticket_id });
      const leaving = await connect(two, leaver);

      await begin();
      const times = [];
      let sent = 0;
      const write = async () => {
        const began = Date.now();
        sent += 1;
        await tell(writing, "chat_message", { ticket_id, message_content: `${sent}` });
        await heard(near, "chat_message", (message) => message.seq === sent, 1_000);
        times.push(Date.now() - began);
        await get(two, customer, `/api/tickets/${ticket_id}`);
      };
      while (sent < 30) await write();
      // In the middle of it, the database tells.
      await heard(far, "chat_message", (message) => message.seq === 30, 3_000);
      const began = Date.now();
      await call(one, "POST", "/api/auth/logout", { token: leaver.token, body: {} });
      await heard(leaving, "disconnect", () => true, 2_000);
      console.log(`# ${state}: cut after ${Date.now() - began} ms, the slowest of 30 messages and reads took ${Math.max(...times)} ms`);
      const { status, dependencies } = await (await fetch(`${one.url}/readyz`)).json();
      assert.equal(status, "ok", "the node is ready all the same");
      const broken = dependencies.find((dependency) => dependency.name === "bus").status === "down";
      assert.equal(broken, ["killed", "frozen"].includes(state));

      await end();
      const back = Date.now();
      await write();
      await heard(far, "chat_message", (message) => message.seq === 31, 2_000);
      console.log(`# ${state}: caught up ${Date.now() - back} ms after its return`);
      assert.deepEqual(allHeard(far, "chat_message").map((message) => message.seq), Array.from({ length: 31 }, (_, place) => place + 1));
      for (const node of nodes) await isInTouch(node, 1);
      // And both know who is where.
      for (const node of nodes) await poll("presence to be whole again", 3_000, async () => (await get(node, customer, `/api/users/status?user_id=${support.id}`)).status === "online");
      for (const line of [writing, near, far]) line.socket.disconnect();
    });
  }

  test("junk was counted, and every figure of the bus has moved", async () => {
    const samples = await scrape(nodes[0]);
    assert.equal(valueOf(samples, "smilechat_bus_up"), 1);
    for (const name of ["published", "received", "dropped", "junk"]) {
      assert.ok(valueOf(samples, `smilechat_bus_${name}_total`) > 0, name);
    }
  });

  test("wrong passwords are counted on both nodes together, and on each alone without Redis", async () => {
    const [customer, other] = [await newCustomer(nodes[0]), await newCustomer(nodes[0])];
    const attempt = async (node, person) =>
      (await call(node, "POST", "/api/auth/login", { body: { username: person.username, password: "wrong, and long enough" } })).status;
    const answers = [];
    for (let count = 0; count < 6; count += 1) answers.push(await attempt(nodes[count % 2], customer));
    assert.deepEqual(answers, [401, 401, 401, 401, 429, 429]);
    await killRedis(redis);
    const alone = [];
    for (let count = 0; count < 10; count += 1) alone.push(await attempt(nodes[count % 2], other));
    await launchRedis(redis);
    assert.deepEqual(alone, [401, 401, 401, 401, 401, 401, 401, 401, 429, 429]);
  });
});
