// Nodes that meet at a Redis which fails, or which is several servers: whichever master the sentinels name, or a cluster.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { isInTouch } from "../harness/cluster.mjs";
import { scrape, valueOf } from "../harness/metrics.mjs";
import { call, get, newCustomer, newSupport, newTicket } from "../harness/people.mjs";
import { runSql, startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { askRedis, endSeveral, killRedis, launchRedis, startCluster, startGuardedRedis, startRedis, startSentinels } from "../harness/redis.mjs";
import { readLog, startServer, stopServer } from "../harness/server.mjs";
import { allHeard, connect, heard, tell } from "../harness/sockets.mjs";
import { pause, poll } from "../harness/wait.mjs";

let postgres;
before(async () => (postgres = await startPostgres()));
after(() => stopPostgres(postgres));

async function startNodes(redisUrl, more = {}) {
  const name = `chat_${Math.random().toString(36).slice(2)}`;
  runSql(postgres, `create database ${name}`);
  const databaseUrl = postgres.url.replace(/postgres$/, name);
  const env = {
    REDIS_URL: redisUrl,
    RATE_LIMIT: "on",
    SMILECHAT_LIMITS__LOGIN_FAILURES: "4",
    SMILECHAT_LIMITS__AUTH_PER_MINUTE: "100000",
    SMILECHAT_BUS__HEARTBEAT_MS: "500",
    SMILECHAT_BUS__LEASE_MS: "5000",
    ...more,
  };
  const nodes = [await startServer({ databaseUrl, env }), await startServer({ databaseUrl, env })];
  await areInTouch(nodes);
  return nodes;
}

function areInTouch(nodes, limit = 15_000) {
  return Promise.all(nodes.map((node) => poll("the node to hear the other", limit, async () => {
    const { nodes: count, dependencies } = await (await fetch(`${node.url}/readyz`)).json();
    const bus = dependencies.find((one) => one.name === "bus");
    return bus?.kind === "redis" && bus.status === "ok" && count === 2;
  })));
}

/** Quicker than the database would tell. */
async function crosses(nodes) {
  const [customer, support] = [await newCustomer(nodes[0]), await newSupport(nodes[0])];
  const { ticket_id } = await newTicket(nodes[0], customer);
  const [writing, far] = [await connect(nodes[0], customer), await connect(nodes[1], support)];
  for (const line of [writing, far]) await tell(line, "join_ticket", { ticket_id });
  const times = [];
  for (let seq = 1; seq <= 5; seq += 1) {
    const began = Date.now();
    await tell(writing, "chat_message", { ticket_id, message_content: "Hello?" });
    await heard(far, "chat_message", (message) => message.seq === seq, 2_000);
    times.push(Date.now() - began);
  }
  assert.ok(Math.min(...times) < 300, times.join());
  for (const line of [writing, far]) line.socket.disconnect();
}

/** Four tries are allowed on all nodes together; a node that counts alone would allow four of its own. */
async function areCountedTogether(nodes) {
  const { username } = await newCustomer(nodes[0]);
  const answers = [];
  for (let count = 0; count < 6; count += 1) {
    const body = { username, password: "wrong, and long enough" };
    answers.push((await call(nodes[count % 2], "POST", "/api/auth/login", { body })).status);
  }
  return answers.join() === "401,401,401,401,429,429";
}

// The Valkey of the Python package knows no TLS.
const skip = process.env.SMILECHAT_TEST_REDIS !== undefined;
test("by TLS and with a password; without either, the nodes go on as without Redis, and say why", { timeout: 90_000, skip }, async () => {
  const redis = await startGuardedRedis();
  const nodes = await startNodes(redis.url(redis.password), { SSL_CERT_FILE: redis.authority });
  await crosses(nodes);
  assert.ok(await areCountedTogether(nodes));
  const wrong = {
    "a wrong password": [redis.url("guessed"), { SSL_CERT_FILE: redis.authority }, /password/i],
    "an authority that nobody knows": [redis.url(redis.password), {}, /UnknownIssuer/],
    "no TLS": [redis.url(redis.password).replace("rediss", "redis"), {}, /invalid|terminated|broken pipe|reset/i],
  };
  for (const [what, [url, trust, why]] of Object.entries(wrong)) {
    const alone = await startServer({ databaseUrl: nodes[0].environment.DATABASE_URL, env: { REDIS_URL: url, ...trust } });
    const { dependencies } = await (await fetch(`${alone.url}/readyz`)).json();
    const { kind, status } = dependencies.find((one) => one.name === "bus");
    assert.deepEqual([kind, status], ["redis", "down"], what);
    await newCustomer(alone);
    await poll(`the log to tell of ${what}`, 5_000, () => readLog(alone).split("\n").some((line) => line.includes("the bus is down") && why.test(line)));
    const secrets = ["guessed", redis.password, encodeURIComponent(redis.password)];
    assert.deepEqual(secrets.filter((secret) => readLog(alone).includes(secret)), [], what);
    await stopServer(alone);
  }
  for (const node of nodes) await stopServer(node);
  await endSeveral(redis);
});

test("sentinels: when the master dies, both nodes go on with the one that takes its place", { timeout: 90_000 }, async () => {
  const sentinels = await startSentinels();
  const nodes = await startNodes(sentinels.url);
  await crosses(nodes);
  assert.ok(await areCountedTogether(nodes));

  const began = Date.now();
  await killRedis(sentinels.master);
  await crosses(nodes).catch(() => {});
  await poll("the replica to be master", 20_000, () => askRedis(sentinels.replica, "role").startsWith("master"));
  await areInTouch(nodes);
  console.log(`# in touch ${Date.now() - began} ms after the master died`);
  await crosses(nodes);
  await poll("both to count there", 10_000, () => areCountedTogether(nodes));
  for (const node of nodes) await stopServer(node);
  await endSeveral(sentinels);
});

test("a cluster: hints cross, limits are one, and a node of it may die", { timeout: 90_000 }, async () => {
  const cluster = await startCluster();
  const nodes = await startNodes(cluster.url);
  await crosses(nodes);
  assert.ok(await areCountedTogether(nodes));
  const keys = (node) => Number(askRedis(node, "dbsize"));
  const owner = cluster.nodes.find((node) => keys(node) > 0);
  assert.equal(cluster.nodes.filter((node) => keys(node) > 0).length, 1, "all keys are with one node");

  // One at which both listen, as the first in the list.
  const dies = cluster.nodes.find((node) => node !== owner);
  await killRedis(dies);
  await pause(500);
  await areInTouch(nodes);
  await crosses(nodes);
  await poll("both to count as before", 10_000, () => areCountedTogether(nodes));
  await killRedis(owner);
  await areInTouch(nodes);
  await crosses(nodes);
  const { username } = await newCustomer(nodes[0]);
  const wrong = await call(nodes[1], "POST", "/api/auth/login", { body: { username, password: "wrong, and long enough" } });
  assert.equal(wrong.status, 401, "each counts alone");
  for (const node of nodes) await stopServer(node);
  await endSeveral(cluster);
});

describe("without Redis", () => {
  let redis;
  let nodes;
  before(async () => {
    redis = await startRedis();
    nodes = await startNodes(redis.url);
  });
  after(async () => {
    for (const node of nodes) await stopServer(node);
    await killRedis(redis);
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
      assert.equal(valueOf(await scrape(one), "smilechat_bus_up"), broken ? 0 : 1);

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

  test("junk was counted, and the other figures of the bus have moved", async () => {
    const samples = await scrape(nodes[0]);
    assert.equal(valueOf(samples, "smilechat_bus_up"), 1, "it was 0 while Redis was away");
    const lists = await Promise.all(nodes.map(async (node) => valueOf(await scrape(node), "smilechat_presence_lists_total")));
    assert.ok(lists.some((count) => count > 0), "who is where was told anew after an outage");
    const counted = ["smilechat_bus_published_total", "smilechat_bus_received_total", "smilechat_bus_dropped_total", "smilechat_bus_junk_total"];
    for (const name of counted) assert.ok(valueOf(samples, name) > 0, name);
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
