// Nodes that meet at a Redis which is several servers: whichever master the sentinels name, or a cluster.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { call, newCustomer, newSupport, newTicket } from "../harness/people.mjs";
import { runSql, startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { askRedis, endSeveral, killRedis, startCluster, startSentinels } from "../harness/redis.mjs";
import { startServer, stopServer } from "../harness/server.mjs";
import { connect, heard, tell } from "../harness/sockets.mjs";
import { pause, poll } from "../harness/wait.mjs";

let postgres;
before(async () => (postgres = await startPostgres()));
after(() => stopPostgres(postgres));

async function startNodes(redisUrl) {
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
