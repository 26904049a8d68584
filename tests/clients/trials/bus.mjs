// What tells the nodes of one another in trouble for a minute, under load: Redis killed, frozen, flushed over and over, full
// of junk; or, without Redis, the listening connections to PostgreSQL ended every few seconds. REST and delivery on the same
// node go on as they did before, and the other node has everything within 2 s of the end of it.
//
//   node tests/clients/trials/bus.mjs --bus redis --seconds 60
//   node tests/clients/trials/bus.mjs --bus postgres --seconds 60

import assert from "node:assert/strict";
import { connect as dial } from "node:net";

import { areInTouch, withCluster } from "../harness/cluster.mjs";
import { asCommand } from "../harness/command.mjs";
import { inMs, percentile } from "../harness/latency.mjs";
import { scrape, valueOf } from "../harness/metrics.mjs";
import { allMessages, call, newCustomer, newSupport, newTicket } from "../harness/people.mjs";
import { runSqlBeside } from "../harness/postgres.mjs";
import { between, chooseSeed, seeded } from "../harness/random.mjs";
import { askRedis, killRedis, launchRedis } from "../harness/redis.mjs";
import { connect, tell } from "../harness/sockets.mjs";
import { watch } from "../harness/view.mjs";
import { pause, poll } from "../harness/wait.mjs";
import { facts } from "../harness/write.mjs";

const caughtUpWithin = 2_000;
const listening = "query like '%pg_notify%' or query like '%listen smilechat%'";

/** `judged` 0: times of a short run on a busy machine are told and not judged. `gap` is between two messages of a talk. */
export async function troubleBus(cluster, { seconds = 60, judged = 1, gap = 40, seed } = {}) {
  const random = seeded(chooseSeed(seed));
  const talks = [];
  for (let number = 0; number < 6; number += 1) talks.push(await startTalk(cluster.nodes, number));
  await load(talks, 2, gap);
  const measureUsual = () => load(talks, Math.max(2, seconds / 2), gap);
  let before = await measureUsual();
  for (const [trouble, { begin, during, end }] of Object.entries(troublesOf(cluster, random))) {
    await begin?.();
    const makesMore = repeat(during);
    const meanwhile = await load(talks, seconds, gap);
    await makesMore.stop();
    await end?.();
    await isCaughtUp(cluster, talks, trouble);
    const after = await measureUsual();
    for (const [what, times] of Object.entries(meanwhile)) {
      const [first, then, last] = [before[what], times, after[what]].map((some) => percentile(some, 0.99));
      console.log(`  ${trouble}, ${what}: p99 ${inMs(then)}, ${inMs(first)} before, ${inMs(last)} after (${times.length} times)`);
      // What other work the machine has comes and goes; and a few milliseconds are nobody's.
      const usual = Math.max(first, last, 5);
      if (judged) assert.ok(then <= usual * 2, `${trouble}: ${what} took ${(then / usual).toFixed(2)} times the usual`);
    }
    before = after;
  }
  if (cluster.redis) {
    for (const node of cluster.nodes) assert.ok(valueOf(await scrape(node), "smilechat_bus_junk_total") > 0, "junk is counted");
  }
  for (const { ticket_id, customer, views, acked } of talks) {
    const rows = (await allMessages(cluster.nodes[0], customer, ticket_id)).map(facts);
    assert.deepEqual(rows, acked.map(facts), "what was acked is stored, and nothing else");
    for (const view of views) assert.deepEqual([view.messages.map(facts), view.faults], [rows, []], "everybody saw all of it in order");
  }
  for (const { lines } of talks) for (const line of lines) line.socket.disconnect();
}

function troublesOf({ redis, postgres }, random) {
  if (!redis) {
    const statement = `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and (${listening})`;
    const during = async () => {
      const ended = (await runSqlBeside(postgres, statement)).split("\n").filter(Boolean).length;
      assert.ok(ended > 0, "there are connections that listen");
      await pause(between(random, 1_000, 4_000));
    };
    return { "listening connections ended": { during } };
  }
  const ask = (...words) => tellRedis(redis, words);
  const [channel] = askRedis(redis, "pubsub", "channels", "smilechat_*").split("\n");
  // Made beforehand: it is not this process's work that is measured.
  const junks = Array.from({ length: 500 }, () => junk(random));
  const someJunk = () => junks[Math.floor(random() * junks.length)];
  return {
    "Redis killed": { begin: () => killRedis(redis), end: () => launchRedis(redis) },
    "Redis frozen": { begin: () => redis.child.kill("SIGSTOP"), end: () => redis.child.kill("SIGCONT") },
    "Redis flushed": { during: async () => (await ask("flushall"), await pause(between(random, 50, 500))) },
    "Redis full of junk": { during: async () => (await ask("publish", channel, someJunk()), await pause(between(random, 0, 10))) },
  };
}

/** Some of it looks nearly like what the nodes say. */
function junk(random) {
  const length = Math.floor(between(random, 0, random() < 0.01 ? 100_000 : 300));
  const bytes = Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
  return random() < 0.5 ? bytes : Buffer.concat([Buffer.from("smilechat1 0123456789abcdef0123456789abcdef node 1 "), bytes]);
}

/** Beside what is measured: redis-cli would stop this process for as long as it runs. */
async function tellRedis(redis, words) {
  redis.line ??= dial(redis.port, "127.0.0.1").on("error", () => {}).on("close", () => (redis.line = undefined)).resume();
  const parts = words.map((word) => Buffer.from(word)).flatMap((bytes) => [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n")]);
  redis.line.write(Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...parts]));
}

function repeat(work) {
  let isOver = !work;
  const running = (async () => {
    while (!isOver) await work();
  })();
  return { stop: () => ((isOver = true), running) };
}

/** A customer who writes, with staff beside it at the same node and at the other one. */
async function startTalk(nodes, number) {
  const [here, there] = number % 2 ? nodes : nodes.toReversed();
  const [customer, support] = [await newCustomer(here), await newSupport(here)];
  const { ticket_id } = await newTicket(here, customer);
  const lines = [await connect(here, customer), await connect(here, support), await connect(there, support)];
  const views = lines.map((line) => watch(line, ticket_id));
  await poll("all to have joined", 10_000, () => views.every((view) => !view.replaying));
  const talk = { here, there, customer, ticket_id, lines, views, acked: [], arrivals: new Map() };
  lines[1].socket.on("chat_message", (message) => talk.arrivals.get(message.message_content)?.());
  return talk;
}

/** How long things take while all talk for so many seconds: an error of any of them ends the trial. */
async function load(talks, seconds, gap) {
  const times = { "a message, to its ack and its arrival beside": [], "a read at this node": [], "a read at the other": [] };
  const [messages, readsHere, readsThere] = Object.values(times);
  const timed = async (some, work) => {
    const asked = performance.now();
    await work();
    some.push(performance.now() - asked);
  };
  const read = async (node, { customer, ticket_id }) => {
    const { status } = await call(node, "GET", `/api/tickets/${ticket_id}`, { token: customer.token });
    assert.equal(status, 200);
  };
  const end = Date.now() + seconds * 1000;
  const talkOn = async (talk) => {
    while (Date.now() < end) {
      await timed(messages, () => say(talk));
      await timed(readsHere, () => read(talk.here, talk));
      await timed(readsThere, () => read(talk.there, talk));
      await pause(gap);
    }
  };
  await Promise.all(talks.map(talkOn));
  return times;
}

async function say(talk) {
  const { ticket_id, lines, acked, arrivals } = talk;
  const message_content = `This is number ${acked.length}`;
  const arrived = new Promise((done, refuse) => {
    const late = setTimeout(() => refuse(new Error(`${message_content}: not seen at the same node within 5 s`)), 5_000);
    arrivals.set(message_content, () => (clearTimeout(late), done()));
  });
  const [{ message }] = await Promise.all([tell(lines[0], "chat_message", { ticket_id, message_content }), arrived]);
  arrivals.delete(message_content);
  acked.push(message);
}

/** The other node has shown all that was stored meanwhile, and what comes now, and knows of all nodes. */
async function isCaughtUp(cluster, talks, trouble) {
  const ended = Date.now();
  await Promise.all(talks.map(say));
  const hasAll = () => talks.every(({ views, acked }) => views.every((view) => view.messages.length >= acked.length));
  await poll(`the other node to catch up (${trouble})`, caughtUpWithin, hasAll);
  const caughtUp = Date.now() - ended;
  await areInTouch(cluster);
  console.log(`  ${trouble}: caught up ${caughtUp} ms after its end, the bus up after ${Date.now() - ended} ms`);
}

await asCommand(import.meta.url, { seconds: 60, judged: 1, gap: 40, bus: "redis" }, ({ bus, ...options }) =>
  withCluster({ bus }, (cluster) => troubleBus(cluster, options)),
);
