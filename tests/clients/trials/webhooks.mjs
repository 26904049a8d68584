// Webhooks while the server is killed over and over, their receiver is slow, refuses and hangs up at times, and two others
// are dead: each thing is told at least once, in order within its ticket, each time with the same id and the same words. And
// how soon it is told, beside the dead ones and without them.
//
//   node tests/clients/trials/webhooks.mjs --kills 24 --messages 3000

import assert from "node:assert/strict";

import { asCommand } from "../harness/command.mjs";
import { inMs, percentile } from "../harness/latency.mjs";
import { call, newCustomer, newStaff, newTicket, post } from "../harness/people.mjs";
import { between, chooseSeed, seeded } from "../harness/random.mjs";
import { endProcess, freePort, launch, withServer } from "../harness/server.mjs";
import { connect, tell } from "../harness/sockets.mjs";
import { pause, poll } from "../harness/wait.mjs";
import { startReceiver } from "../harness/webhooks.mjs";
import { startWriter } from "../harness/write.mjs";

const killsOfRound = 3;
const again = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 100 };

/** How soon it is told is measured three times for `seconds`; `judged` 0: that is told and not judged, as on a busy machine. */
export async function tellAll({ kills = 3, messages = 300, tickets = 8, seconds = 15, judged = 1, seed } = {}) {
  const random = seeded(chooseSeed(seed));
  const receiver = await startReceiver();
  const nobody = `127.0.0.1:${await freePort()}`;
  const env = {
    SMILECHAT_OUTBOUND__OWN_HOSTS: `${receiver.host},${nobody}`,
    SMILECHAT_NOTIFICATIONS__WEBHOOK_TIMEOUT_SECONDS: "2",
  };
  await withServer({ env }, async (server) => {
    const [admin, customer] = [await newStaff(server, "admin"), await newCustomer(server)];
    const add = (url) => post(server, admin, "/api/webhooks", { url, types: ["ticket.created", "message.sent"] });
    await add(receiver.url("/hook"));
    const hook = answerBy(receiver, random);
    const talks = [];
    for (let number = 0; number < tickets; number += 1) {
      const { ticket_id } = await newTicket(server, customer);
      talks.push({ ticket_id, line: await connect(server, customer, "websocket", again), acked: [] });
    }

    const before = await howSoon(receiver, hook, talks, seconds);
    const dead = [await add(receiver.url("/silent")), await add(`http://${nobody}/`)];
    const beside = await howSoon(receiver, hook, talks, seconds);
    const rounds = Math.ceil(kills / killsOfRound);
    for (let round = 0; round < rounds; round += 1) {
      const share = { limit: Math.ceil(messages / rounds / tickets), gap: 80 };
      const writers = talks.map(({ line, ticket_id }, place) => startWriter(line, ticket_id, `${round}-${place}`, share));
      const failures = hook.failures;
      hook.mood = "bad";
      await pause(between(random, 1_000, 3_000));
      await poll("a failure", 10_000, () => hook.failures > failures);
      hook.mood = "slow";
      for (let kill = 0; kill < killsOfRound; kill += 1) {
        await pause(between(random, 100, 1_500));
        // The first one at least cuts something short. After it, what was claimed may be all that may be under way.
        if (kill === 0) await poll("something to be under way", 10_000, () => hook.underWay > 0);
        await endProcess(server, "SIGKILL");
        await launch(server);
      }
      hook.mood = "good";
      await Promise.all(writers.map((writer) => writer.done));
      writers.forEach(({ acked }, place) => talks[place].acked.push(...acked));
      // Nothing fails before that: what a killed server had begun would then come only after five minutes.
      await allIsTaken(hook, talks);
    }
    for (const { webhook_id } of dead) await call(server, "DELETE", `/api/webhooks/${webhook_id}`, { token: admin.token });
    const after = await howSoon(receiver, hook, talks, seconds);

    const told = receiver.at("/hook");
    for (const { ticket_id, acked } of talks) {
      const ofTicket = told.filter(({ body: { data } }) => (data.message ?? data.ticket).ticket_id === ticket_id);
      const inTurn = ofTicket.filter(({ raw }, place) => raw !== ofTicket[place - 1]?.raw).map(({ body }) => body.data.message?.message_id);
      assert.deepEqual(inTurn, [undefined, ...acked.map(({ message_id }) => message_id)], "all of it in order, and nothing again later on");
    }
    const sum = tickets + talks.flatMap(({ acked }) => acked).length;
    const [ids, words] = [new Set(told.map(idOf)), new Set(told.map((one) => idOf(one) + one.raw))];
    assert.deepEqual([ids.size, words.size, hook.taken.size], [sum, sum, sum], "one id and the same words each time, and all is taken");
    const repeated = told.length - sum - hook.failures;
    console.log(`${sum} told in order: ${hook.failures} again after failures, ${repeated} after ${rounds * killsOfRound} kills`);
    assert.ok(hook.failures > 0 && repeated > 0, "there was trouble");
    const show = (times) => `${inMs(percentile(times, 0.5))} and ${inMs(percentile(times, 0.99))}`;
    console.log(`  from ack to receiver (p50 and p99): ${show(beside)} beside two dead ones, ${show(before)} before, ${show(after)} after`);
    // What other work the machine has comes and goes; and a few milliseconds are nobody's.
    const usual = Math.max(...[before, after].map((times) => percentile(times, 0.99)), 5);
    if (judged) assert.ok(percentile(beside, 0.99) <= usual * 2, "dead receivers delay nobody");
  });
  await receiver.stop();
}

const idOf = ({ headers }) => headers["webhook-id"];

/** A receiver that has moods. It fails nothing that has come before. */
function answerBy(receiver, random) {
  const hook = { mood: "good", seen: new Set(), taken: new Set(), failures: 0, underWay: 0 };
  const good = (got, response) => (hook.taken.add(idOf(got)), response.writeHead(204).end());
  const slow = async (got, response) => {
    hook.underWay += 1;
    await pause(random() < 0.5 ? between(random, 0, 400) : 0);
    hook.underWay -= 1;
    good(got, response);
  };
  const bad = async (got, response, isNew) => {
    if (!isNew || random() < 0.94) return slow(got, response);
    hook.failures += 1;
    const way = random();
    if (way < 0.3) return response.writeHead(500).end();
    if (way < 0.6) return response.destroy();
    // Too late: the server has given it up after two seconds.
    return pause(between(random, 2_100, 2_900)).then(() => good(got, response));
  };
  receiver.answer = (got, response) => {
    if (got.path !== "/hook") return;
    const isNew = !hook.seen.has(idOf(got));
    hook.seen.add(idOf(got));
    ({ good, slow, bad })[hook.mood](got, response, isNew);
  };
  return hook;
}

/** What was sent when a server was killed comes again when its claim has ended, twelve seconds later. */
function allIsTaken(hook, talks) {
  const sum = talks.reduce((sofar, { acked }) => sofar + acked.length, talks.length);
  return poll("all to be told", 60_000, () => hook.taken.size >= sum);
}

/** From each message's ack until its receiver has it. */
async function howSoon(receiver, hook, talks, seconds) {
  const ackedAt = new Map();
  const end = Date.now() + seconds * 1000;
  const talkOn = async ({ line, ticket_id, acked }) => {
    for (; Date.now() < end; await pause(200)) {
      const { message } = await tell(line, "chat_message", { ticket_id, message_content: "How soon is this told?" });
      ackedAt.set(message.message_id, Date.now());
      acked.push(message);
    }
  };
  await Promise.all(talks.map(talkOn));
  await allIsTaken(hook, talks);
  const firsts = receiver.at("/hook").filter(({ body }) => ackedAt.has(body.data.message?.message_id));
  return firsts.map(({ body, at }) => Math.max(0, at - ackedAt.get(body.data.message.message_id)));
}

await asCommand(import.meta.url, { kills: 24, messages: 3_000, tickets: 8, seconds: 15, judged: 1 }, tellAll);
