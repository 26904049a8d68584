// A model that is down, slow, endless or lying, in every way that we know of, several ways at once: each customer's message is
// acked as always, and a person has the ticket within 30 s at the deadline that a model has by default, with one notice.
//
//   node tests/clients/trials/model.mjs --rounds 8 --crowd 40

import assert from "node:assert/strict";

import { KEY, QUESTION, begin, end, handedOver, setUp } from "../harness/bot.mjs";
import { asCommand } from "../harness/command.mjs";
import { allMessages, get, newCustomer, newTicket } from "../harness/people.mjs";
import { chooseSeed, seeded } from "../harness/random.mjs";
import { connect, heard, tell } from "../harness/sockets.mjs";
import { pause } from "../harness/wait.mjs";

const hello = (answer) => answer.piece("Delivery costs ");
/** What the run says of it, and what the model does. */
const ways = {
  "says nothing": ["model_timeout", () => undefined],
  "never ends": [
    "model_too_long",
    async (_, answer) => {
      while (answer.piece("more and more ") || (await pause(1), !answer.response.destroyed));
    },
  ],
  "drips without end": [
    "model_timeout",
    async (_, answer) => {
      for (; !answer.response.destroyed; await pause(50)) answer.piece("x");
    },
  ],
  "sends 10 MB at once": ["model_too_long", (_, answer) => answer.say("x".repeat(10_000_000))],
  "breaks off each time": ["model_broken", (_, answer) => (hello(answer), answer.breakOff())],
  "ends without an end": ["model_broken", (_, answer) => (hello(answer), answer.response.end())],
  "is cut at its most tokens": ["model_too_long", (_, answer) => (hello(answer), answer.end("length"))],
  "talks no JSON": ["model_broken", (_, answer) => (answer.event("{{{"), answer.response.end())],
  "writes what cannot be stored": ["model_broken", (_, answer) => answer.say("Delivery \u0000 is free [1].")],
  "says nothing at its end": ["model_broken", (_, answer) => answer.end()],
  "is overloaded": ["model_rate_limited", (_, answer) => answer.json({}, 429)],
  "asks to wait an hour": ["model_timeout", (_, answer) => answer.json({}, 429, { "retry-after": "3600" })],
  "refuses the key": ["model_not_authorized", (_, answer) => answer.json({ error: `bad key ${KEY}` }, 401)],
  "redirects": ["model_rejected", (_, answer) => answer.json({}, 302, { location: "http://127.0.0.1:1/" })],
  "calls tools without end": ["model_too_long", (_, answer) => answer.call(["look_up", {}])],
  "calls a hundred tools at once": ["model_too_long", (_, answer) => answer.call(...Array(100).fill(["look_up", {}]))],
  "invents a price": ["not_grounded", (_, answer) => answer.say("It costs 49.90 € [1].")],
  "cites what is not there": ["not_grounded", (_, answer) => answer.say("As source [7] says, it is free.")],
};

/** `deadline`: the seconds that the model is given, if not those of the default. `crowd`: so many ask a silent one at once, who are more
 * than the bot asks about at once. */
export async function failInEveryWay(house, { rounds = 1, crowd = 0, deadline, seed } = {}) {
  const random = seeded(chooseSeed(seed));
  const { model } = house;
  const { deadline_seconds } = (await setUp({}, { deadline_seconds: deadline })).model;
  const names = Object.keys(ways);
  // Which way it is stands in the question.
  model.script = (body, answer) => {
    const [place] = /\d+$/.exec(body.messages.findLast(({ role }) => role === "user").content);
    return ways[names[place]][1](body, answer);
  };
  const findings = [];
  for (let round = 0; round < rounds; round += 1) {
    const inTurn = names.toSorted(() => random() - 0.5);
    findings.push(...(await askAll(house, inTurn.map((way) => [way, `${QUESTION} ${names.indexOf(way)}`, ways[way][0]]))));
    await model.stop();
    findings.push(...(await askAll(house, [["is down", QUESTION, "model_unreachable"]])));
    await model.start(model.port);
  }
  const [acked, took] = ["acked", "took"].map((what) => Math.max(...findings.map((finding) => finding[what])));
  const count = `${findings.length} questions, ${names.length + 1} ways to fail, a deadline of ${deadline_seconds} s`;
  console.log(`${count}: acked after ${acked.toFixed(0)} ms at most, a person has it after ${(took / 1000).toFixed(1)} s at most, one notice each`);
  assert.ok(acked < 1_000);
  // The bot asks about eight tickets of a tenant at once: some have to wait for their turn.
  assert.ok(took < (deadline_seconds + 10) * 1000);
  if (crowd) await askTogether(house, crowd);
}

async function askTogether(house, crowd) {
  const silent = Object.keys(ways).indexOf("says nothing");
  const findings = await askAll(house, Array(crowd).fill(["says nothing to many", `${QUESTION} ${silent}`]));
  const took = Math.max(...findings.map((finding) => finding.took));
  console.log(`${crowd} customers at once, and a model that says nothing: a person has each after ${(took / 1000).toFixed(1)} s at most`);
  assert.ok(took < 30_000);
}

/** All at once, each by a customer of its own. */
async function askAll({ server, admin, support }, questions) {
  const asking = [];
  for (const [way, message_content, error] of questions) {
    const customer = await newCustomer(server);
    const { ticket_id } = await newTicket(server, customer);
    const line = await connect(server, customer);
    await tell(line, "join_ticket", { ticket_id });
    asking.push({ way, message_content, error, customer, ticket_id, line });
  }
  const findings = await Promise.all(asking.map(ask));
  // What would be said once more.
  await pause(500);
  for (const { way, message_content, error, customer, ticket_id, line } of asking) {
    const messages = await allMessages(server, customer, ticket_id);
    const [run] = (await get(server, admin, `/api/bot/runs?ticket_id=${ticket_id}`)).data;
    const ticket = await get(server, support, `/api/tickets/${ticket_id}`);
    const said = messages.filter((message) => message.kind === "bot");
    if (error) assert.equal(run.error, error, `a model that ${way}`);
    handedOver({ run, said, ticket }, error === "not_grounded" ? "low_confidence" : "model_failed");
    assert.equal(messages[0].message_content, message_content);
    line.socket.disconnect();
  }
  return findings;
}

/** How long it took until the message was acked, and until a person had the ticket. */
async function ask({ way, message_content, ticket_id, line }) {
  const asked = performance.now();
  await tell(line, "chat_message", { ticket_id, message_content });
  const acked = performance.now() - asked;
  const isNotice = (message) => message.kind === "bot";
  await heard(line, "chat_message", isNotice, 30_000).catch((late) => assert.fail(`a model that ${way}: ${late.message}`));
  return { acked, took: performance.now() - asked };
}

await asCommand(import.meta.url, { rounds: 8, crowd: 40 }, async (options) => {
  const house = await begin();
  await failInEveryWay(house, options);
  await end();
});
