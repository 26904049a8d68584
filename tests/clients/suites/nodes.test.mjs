// Two nodes on one PostgreSQL keep every promise across nodes, whichever bus tells them of one another.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { allMessages, call, get, login, newCustomer, newStaff, newSupport, newTicket, post, put } from "../harness/people.mjs";
import { runSql, startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { startRedis, killRedis } from "../harness/redis.mjs";
import { endProcess, startServer, stopServer } from "../harness/server.mjs";
import { allHeard, connect, forget, heard, tell } from "../harness/sockets.mjs";
import { pause, poll } from "../harness/wait.mjs";

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
        SMILECHAT_DATABASE__POOL_SIZE: "4",
        SMILECHAT_BUS__HEARTBEAT_MS: "500",
        SMILECHAT_BUS__LEASE_MS: "3000",
        ...buses[bus](),
        ...env,
        ...role,
      },
    }));
  }
  for (const node of nodes) await isInTouch(node, nodes.length - 1);
  return nodes;
}

function isInTouch(node, peers) {
  return poll("the node to hear the others", 10_000, async () => {
    const { dependencies } = await (await fetch(`${node.url}/readyz`)).json();
    const bus = dependencies.find((one) => one.name === "bus");
    return bus?.status === "ok" && bus.nodes >= peers + 1;
  });
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
  });
}
