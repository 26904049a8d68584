// Two nodes and one model: a message is asked about once, and by the other node where the first one died over it.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { startModel } from "../harness/model.mjs";
import { allMessages, get, newCustomer, newStaff, newTicket, post, put } from "../harness/people.mjs";
import { runSql, startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { endProcess, launch, startServer, stopServer } from "../harness/server.mjs";
import { pause, poll } from "../harness/wait.mjs";

const QUESTION = "What does delivery cost?";
const GOOD = "Delivery costs 4.90 € [1].";
/** As in tickets/bot/claim.rs and services/answering.rs. */
const [LASTS, TURN] = [12_000, 3_000];

const ofBot = (messages) => messages.filter((message) => message.kind === "bot");

describe("on two nodes", () => {
  let postgres, databaseUrl, model, nodes, admin, customer;
  before(async () => {
    [postgres, model] = [await startPostgres(), await startModel()];
    runSql(postgres, "create database claims");
    databaseUrl = postgres.url.replace(/postgres$/, "claims");
    const env = { RATE_LIMIT: "off", SMILECHAT_DATABASE__POOL_SIZE: "4", SMILECHAT_OUTBOUND__OWN_HOSTS: model.host };
    nodes = [await startServer({ databaseUrl, env }), await startServer({ databaseUrl, env })];
    admin = await newStaff(nodes[0], "admin");
    customer = await newCustomer(nodes[0]);
    await post(nodes[0], admin, "/api/kb/articles", { title: QUESTION, body: "Delivery costs 4.90 €.", status: "published" });
    const order = { name: "order", description: "Tells when an order arrives.", url: `http://${model.host}/order`, parameters: [] };
    const settings = { provider: "openai", url: model.url, name: "scripted", deadline_seconds: 20 };
    await put(nodes[0], admin, "/api/bot", { enabled: true, engine: "model", model: settings, http_tools: [order] });
  });
  beforeEach(() => (model.requests.length = 0));
  after(async () => {
    for (const node of nodes) await stopServer(node);
    await model.stop();
    stopPostgres(postgres);
  });

  /** What was said, once the bot said something. */
  const answered = (node, ticket, most = 60_000) =>
    poll("the bot's answer", most, async () => {
      const said = await allMessages(node, customer, ticket);
      return ofBot(said).length > 0 && said;
    });

  /** In a new ticket, until the model has it. */
  const ask = async (node) => {
    const { ticket_id } = await newTicket(node, customer);
    await post(node, customer, `/api/messages/${ticket_id}`, { message_content: QUESTION });
    await poll("the model to be asked", 10_000, () => model.requests.length > 0);
    return ticket_id;
  };

  test("a message is one call of the model and one of a tool, however long they take", { timeout: 240_000 }, async () => {
    // Longer than the pause after which each node looks for what is owed.
    const slowly = TURN + 700;
    model.script = async (body, answer, request) => {
      await pause(slowly);
      if (request.url === "/order") return answer.json({ arrives: "soon" });
      return body.messages.at(-1).role === "tool" ? answer.say(GOOD) : answer.call(["order", {}]);
    };
    const tickets = [];
    for (let round = 0; round < 24; round += 1) {
      const { ticket_id } = await newTicket(nodes[round % 2], customer);
      await post(nodes[round % 2], customer, `/api/messages/${ticket_id}`, { message_content: QUESTION });
      tickets.push(ticket_id);
    }
    for (const ticket of tickets) {
      assert.equal(ofBot(await answered(nodes[1], ticket, 120_000)).length, 1);
    }
    const asked = model.requests.filter(({ path }) => path !== "/order");
    const deliveries = model.requests.filter(({ path }) => path === "/order").map(({ body }) => body.delivery_id);
    assert.equal(asked.length, 2 * tickets.length, "one call before the tool, one after it");
    assert.equal(deliveries.length, tickets.length);
    assert.equal(new Set(deliveries).size, tickets.length);
    assert.equal(runSql({ url: databaseUrl }, "select count(*) from bot_claims").trim(), "0", "all are given back");
  });

  test("a silent model is left to the node that asked it, for longer than a claim lasts", { timeout: 120_000 }, async () => {
    model.script = () => undefined;
    const ticket_id = await ask(nodes[0]);
    await pause(LASTS + TURN);
    assert.equal(model.requests.length, 1, "one node is at it");
    assert.equal(ofBot(await answered(nodes[1], ticket_id)).length, 1);
  });

  test("killed over a question, its node is stood in for by the other", { timeout: 120_000 }, async () => {
    const [dying, other] = nodes;
    model.script = () => undefined;
    const ticket_id = await ask(dying);
    model.script = (_, answer) => answer.say(GOOD);
    const killed = Date.now();
    await endProcess(dying, "SIGKILL");
    const said = await answered(other, ticket_id, LASTS + 3 * TURN);
    assert.ok(Date.now() - killed < LASTS + 2 * TURN, `${Date.now() - killed} ms`);
    assert.match(ofBot(said)[0].message_content, /4\.90/);
    await launch(dying);
    await pause(2 * TURN);
    assert.equal(ofBot(await allMessages(other, customer, ticket_id)).length, 1);
    assert.equal(model.requests.length, 2);
    assert.equal((await get(other, admin, `/api/bot/runs?ticket_id=${ticket_id}`)).data[0].outcome, "answered");
  });
});
