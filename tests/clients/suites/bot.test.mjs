// The bot with real sockets: it answers once, in order, and not a word after a person's.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { figure, scrape, valueOf } from "../harness/metrics.mjs";
import { allMessages, get, newCustomer, newStaff, newSupport, newTicket, post, put } from "../harness/people.mjs";
import { runSql, startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { endProcess, launch, startServer, stopServer } from "../harness/server.mjs";
import { connect, heard, tell } from "../harness/sockets.mjs";
import { pause, poll } from "../harness/wait.mjs";

const ARTICLES = [
  { title: "What does delivery cost?", body: "Delivery costs four euros." },
  { title: "How do I pause my subscription?", body: "Choose Pause under Account." },
];
const QUESTION = "What does delivery cost?";

/** A server whose default tenant has a bot that knows two things. */
async function withBot(server) {
  const admin = await newStaff(server, "admin");
  for (const article of ARTICLES) await post(server, admin, "/api/kb/articles", { ...article, status: "published" });
  await put(server, admin, "/api/bot", { enabled: true, name: "Lantern" });
  return admin;
}

const botState = async (server, person, id) => (await get(server, person, `/api/tickets/${id}`)).bot_state;
const ofBot = (messages) => messages.filter((message) => message.kind === "bot");

function answered(server, person, id, count = 1) {
  return poll("the bot's answer", 10_000, async () => {
    const said = ofBot(await allMessages(server, person, id));
    return said.length >= count && said;
  });
}

function inOrder(messages) {
  assert.deepEqual(messages.map((message) => message.seq), messages.map((_, place) => place + 1), "seq has a hole");
}

describe("on one node", () => {
  let server;
  before(async () => {
    server = await startServer({ env: { RATE_LIMIT: "off" } });
    await withBot(server);
  });
  after(() => stopServer(server));

  test("a customer sees it type, hears the answer, and its typing ends", async () => {
    const customer = await newCustomer(server);
    const line = await connect(server, customer);
    const { ticket_id } = await newTicket(server, customer);
    await tell(line, "join_ticket", { ticket_id });
    const typing = heard(line, "typing", (shown) => shown.ticket_id === ticket_id && shown.is_typing);
    const answer = heard(line, "chat_message", (message) => message.kind === "bot");
    const rest = heard(line, "typing", (shown) => shown.ticket_id === ticket_id && !shown.is_typing);
    await tell(line, "chat_message", { ticket_id, message_content: QUESTION });
    assert.equal((await typing).name, "Lantern");
    assert.match((await answer).message_content, /^Delivery costs four euros\.\n\nWhat does delivery cost\?: \/help\//);
    await rest;
    for (const [count, message_content] of [[2, "thank you!"], [3, "??"]]) {
      await tell(line, "chat_message", { ticket_id, message_content });
      await answered(server, customer, ticket_id, count);
    }
    const updated = heard(line, "ticket_updated", (update) => update.changed.includes("bot_state"));
    await tell(line, "chat_message", { ticket_id, message_content: "Do you mend umbrellas?" });
    assert.equal((await updated).ticket.bot_state, "handoff_requested");
    for (const outcome of ["answered", "small_talk", "asked_back", "handed_over"]) {
      await figure(server, "smilechat_bot_replies_total", { outcome }, (value) => value === 1);
    }
    line.socket.disconnect();
  });

  test("200 rounds: not a word of the bot after a person's", { timeout: 300_000 }, async () => {
    const support = await newSupport(server);
    const customer = await newCustomer(server);
    const [one, other] = [await connect(server, customer), await connect(server, support)];
    let before = 0;
    for (let round = 0; round < 200; round += 1) {
      const { ticket_id } = await newTicket(server, customer);
      const asked = tell(one, "chat_message", { ticket_id, message_content: QUESTION });
      // Some before, some in the middle, some behind.
      if (round % 4 !== 0) await asked;
      if (round % 4 >= 2) await pause(round % 9);
      const { message } = await tell(other, "chat_message", { ticket_id, message_content: "I am here." });
      await asked;
      await tell(one, "chat_message", { ticket_id, message_content: "How do I pause my subscription?" });
      assert.equal(await botState(server, support, ticket_id), "human");
      const said = await allMessages(server, customer, ticket_id);
      inOrder(said);
      const late = ofBot(said).filter((word) => word.seq > message.seq);
      assert.deepEqual(late, [], `round ${round}: the bot spoke after a person`);
      before += ofBot(said).length;
    }
    assert.ok(before > 0 && before < 200, `the bot was first in ${before} of 200 rounds: no race`);
    // Nothing is left that would be said later.
    await pause(4_000);
    for (const { ticket_id } of (await get(server, support, "/api/tickets?limit=100")).data) {
      const said = await allMessages(server, support, ticket_id);
      const person = said.find((message) => message.message_content === "I am here.");
      if (person) assert.ok(!said.some((message) => message.kind === "bot" && message.seq > person.seq));
    }
    one.socket.disconnect();
    other.socket.disconnect();
  });
});

test("killed between question and answer: answered once after the next start", { timeout: 180_000 }, async () => {
  const server = await startServer({ env: { RATE_LIMIT: "off" } });
  await withBot(server);
  const customer = await newCustomer(server);
  let late = 0;
  for (let round = 0; round < 12; round += 1) {
    const line = await connect(server, customer, "websocket", { reconnection: false });
    const { ticket_id } = await newTicket(server, customer);
    await tell(line, "chat_message", { ticket_id, message_content: QUESTION });
    // Some die before the answer, some in it, some behind it.
    if (round % 3 === 2) await pause(round);
    const killed = Date.now();
    await endProcess(server, "SIGKILL");
    line.socket.disconnect();
    await launch(server);
    const said = await answered(server, customer, ticket_id);
    assert.equal(said.length, 1, `round ${round}`);
    assert.match(said[0].message_content, /four euros/);
    late += Number(Date.parse(said[0].timestamp) > killed);
    await pause(100);
    assert.equal(ofBot(await allMessages(server, customer, ticket_id)).length, 1);
    inOrder(await allMessages(server, customer, ticket_id));
  }
  assert.ok(late > 0, "no answer came after a restart: no proof");
  await stopServer(server);
});

describe("on two nodes", () => {
  let postgres;
  let nodes;
  before(async () => {
    postgres = await startPostgres();
    runSql(postgres, "create database bots");
    const databaseUrl = postgres.url.replace(/postgres$/, "bots");
    const env = { RATE_LIMIT: "off", SMILECHAT_DATABASE__POOL_SIZE: "4" };
    nodes = [await startServer({ databaseUrl, env }), await startServer({ databaseUrl, env })];
    await withBot(nodes[0]);
  });
  after(async () => {
    for (const node of nodes) await stopServer(node);
    stopPostgres(postgres);
  });

  test("each message is answered once, whichever node it came to", { timeout: 120_000 }, async () => {
    const customer = await newCustomer(nodes[0]);
    const tickets = [];
    for (let round = 0; round < 40; round += 1) {
      const node = nodes[round % 2];
      const { ticket_id } = await newTicket(node, customer);
      await post(node, customer, `/api/messages/${ticket_id}`, { message_content: QUESTION });
      tickets.push(ticket_id);
    }
    for (const ticket of tickets) await answered(nodes[0], customer, ticket);
    // Both look into the database by the clock.
    await pause(4_000);
    for (const ticket of tickets) {
      const said = await allMessages(nodes[1], customer, ticket);
      inOrder(said);
      assert.equal(ofBot(said).length, 1, "answered once");
    }
    const replies = await Promise.all(
      nodes.map(async (node) => valueOf(await scrape(node), "smilechat_bot_replies_total", { outcome: "answered" }) ?? 0),
    );
    assert.ok(replies[0] + replies[1] > 0, "they are counted");
  });

  test("switched off on one node, it is silent on the other", async () => {
    const [one, two] = nodes;
    const admin = await newStaff(one, "admin");
    const customer = await newCustomer(two);
    const { ticket_id } = await newTicket(two, customer);
    await put(one, admin, "/api/bot", { enabled: false });
    await post(two, customer, `/api/messages/${ticket_id}`, { message_content: QUESTION });
    const [word] = await answered(two, customer, ticket_id);
    assert.doesNotMatch(word.message_content, /four euros/);
    assert.equal(await botState(two, customer, ticket_id), "handoff_requested");
  });
});
