// What a bot's model may take, where it may be, who may set it; what is found by meaning; helps for staff.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { GOOD, KEY, QUESTION, again, asked, begin, end, handedOver, noBudget, setUp } from "../harness/bot.mjs";
import { allMessages, call, get, newCustomer, newTicket, post, put } from "../harness/people.mjs";
import { runCommand } from "../harness/server.mjs";
import { pause, poll } from "../harness/wait.mjs";

let server, model, admin, support, customer;

before(async () => {
  ({ server, model, admin, support } = await begin());
});

after(end);

beforeEach(async () => {
  customer = await again();
});

describe("care", () => {
  test("a budget of the tenant, of a visitor and of a ticket ends in a person", async () => {
    await setUp({ budget: { ...noBudget, tokens_per_day: 0 } });
    handedOver(await asked(), "budget", "budget");
    assert.equal(model.requests.length, 0);
    await setUp({ budget: { ...noBudget, tokens_per_visitor_per_day: 2_000 } }, { max_tokens: 500 });
    const first = await asked();
    assert.equal(first.run.outcome, "answered");
    let last = first;
    for (let round = 0; round < 20 && last.run.outcome === "answered"; round += 1) last = await asked();
    handedOver(last, "budget", "budget");
    assert.equal((await asked(QUESTION, await newCustomer(server))).run.outcome, "answered", "somebody else's share");
    await setUp({ budget: { ...noBudget, turns_per_ticket: 1 } });
    const { ticket_id } = await asked();
    await post(server, customer, `/api/messages/${ticket_id}`, { message_content: "And abroad?" });
    const runs = () => get(server, admin, `/api/bot/runs?ticket_id=${ticket_id}`);
    const [run] = await poll("a hand-over", 10_000, async () => (await runs()).data.length === 2 && (await runs()).data);
    assert.deepEqual([run.outcome, run.reason], ["handed_over", "budget"]);
    await setUp({ budget: { ...noBudget, cost_per_day: 0 } }, { input_price: 10, output_price: 10 });
    handedOver(await asked(), "budget", "budget");
  });

  test("many at once stay within the budget", async () => {
    const people = await Promise.all(Array.from({ length: 12 }, () => newCustomer(server)));
    await setUp({ budget: { ...noBudget, tokens_per_visitor_per_day: 1_500 } }, { max_tokens: 400 });
    const tickets = await Promise.all(Array.from({ length: 12 }, () => newTicket(server, people[0])));
    model.script = async (_, answer) => (await pause(300), answer.say(GOOD));
    await Promise.all(tickets.map(({ ticket_id }) => post(server, people[0], `/api/messages/${ticket_id}`, { message_content: QUESTION })));
    const runs = await poll("all runs", 20_000, async () => {
      const all = await Promise.all(tickets.map(({ ticket_id }) => get(server, admin, `/api/bot/runs?ticket_id=${ticket_id}`)));
      return all.every(({ data }) => data.length) && all.map(({ data }) => data[0]);
    });
    const outcomes = runs.map((run) => run.reason ?? run.outcome).sort();
    assert.ok(outcomes.includes("budget") && outcomes.includes("answered"), outcomes.join(" "));
    assert.ok(runs.reduce((sum, run) => sum + run.input_tokens + run.output_tokens, 0) <= 1_500);
  });

  test("switched off, it is silent at once, also in the middle of an answer", async () => {
    await setUp({}, { deadline_seconds: 20 });
    model.script = () => undefined;
    const { ticket_id } = await newTicket(server, customer);
    await post(server, customer, `/api/messages/${ticket_id}`, { message_content: QUESTION });
    await poll("the model to be asked", 10_000, () => model.requests.length > 0);
    await put(server, admin, "/api/bot", { enabled: false });
    const state = async () => (await get(server, support, `/api/tickets/${ticket_id}`)).bot_state;
    await poll("a hand-over", 5_000, async () => (await state()) === "handoff_requested");
  });

  test("nobody reads the key, and it goes to no other host", async () => {
    const shown = await get(server, admin, "/api/bot");
    assert.equal(shown.model.has_api_key, true);
    assert.ok(!JSON.stringify(shown).includes(KEY));
    const audit = await get(server, admin, "/api/audit?limit=50").catch(() => ({}));
    assert.ok(!JSON.stringify(audit).includes(KEY));
    const { api_key: _, ...rest } = { ...shown.model };
    const moved = await put(server, admin, "/api/bot", { model: { ...rest, url: "https://elsewhere.example/v1" } });
    assert.equal(moved.model.has_api_key, false);
  });

  test("a name of the server's network looks like one that nobody has", async () => {
    const seen = [];
    // `.invalid` is nobody's (RFC 2606); `localhost` is this machine.
    for (const url of ["http://localhost:1/v1", "http://nobody.invalid:1/v1"]) {
      await setUp({}, { url });
      const { run, said } = await asked();
      seen.push([run.outcome, run.reason, run.error, said[0].message_content]);
    }
    assert.deepEqual(seen[0], seen[1]);
    assert.equal(seen[0][2], "model_refused_address");
  });

  test("an address that only the server can reach is asked nothing", async () => {
    for (const url of ["http://127.0.0.1:1/v1", "http://localhost:1", "http://[::1]:1", "http://169.254.169.254/latest", "http://0x7f.1/"]) {
      await setUp({}, { url });
      handedOver(await asked(), "model_failed", "model_refused_address");
    }
  });

  test("what makes no sense is told, and nothing changes", async () => {
    const before = await get(server, admin, "/api/bot");
    const bad = [
      { engine: "webhook" },
      { engine: "magic" },
      { model: { provider: "openai", url: "ftp://x", name: "x" } },
      { model: { provider: "openai", url: "https://user:pw@x.example", name: "x" } },
      { model: { provider: "openai", url: "https://x.example", name: "x", deadline_seconds: 60 } },
      { model: { provider: "openai", url: "https://x.example", name: "x", api_key: "a\nb" } },
      { model: { provider: "openai", url: "https://x.example", name: "x", is_admin: true } },
      { tools: ["tag", "tag"] },
      { tools: ["delete"] },
      { http_tools: [{ name: "close", description: "x", url: "https://x.example" }] },
      { budget: { tokens_per_day: -1 } },
      { instructions: "x".repeat(4001) },
      { model: null },
    ];
    for (const body of bad) {
      const { status, body: told } = await call(server, "PUT", "/api/bot", { token: admin.token, body });
      assert.equal(status, 422, `${JSON.stringify(body)}: ${JSON.stringify(told)}`);
    }
    assert.deepEqual(await get(server, admin, "/api/bot"), before);
    for (const person of [support, customer]) {
      for (const [method, path, body] of [["PUT", "/api/bot", { engine: "model" }], ["POST", "/api/bot/try", { question: "x" }], ["POST", "/api/bot/webhook/secret", {}]]) {
        assert.equal((await call(server, method, path, { token: person.token, body })).status, 403, path);
      }
    }
  });

  test("can be tried out", async () => {
    const tried = await post(server, admin, "/api/bot/try", { question: QUESTION });
    assert.match(tried.reply, /4\.90/);
    assert.deepEqual([tried.outcome, tried.model, tried.input_tokens], ["answered", "scripted", 100]);
    assert.equal(tried.passages[0].slug, "what-does-delivery-cost");
  });
});

describe("vectors", () => {
  const meanings = [/delivery|postage|parcel/i, /return|send back/i, /./];
  const vector = (text) => meanings.map((meaning, at) => Number(at === meanings.findIndex((one) => one.test(text)) || 0.1));
  const embed = (body, answer, request) => {
    assert.equal(request.url, "/v1/embeddings");
    answer.json({ data: body.input.map((text, index) => ({ index, embedding: vector(text) })).reverse() });
  };
  const tried = (question) => post(server, admin, "/api/bot/try", { question });
  const embedding = () => ({ url: model.url, name: "vectors", api_key: KEY, threshold: 0.9 });

  test("find what is meant in other words, and what is new; without them, words alone do", async () => {
    model.script = embed;
    await setUp({ engine: "passages", embedding: null });
    assert.equal((await tried("How much is postage?")).outcome, "handed_over");
    await setUp({ engine: "passages", embedding: embedding() });
    const found = await poll("the vectors", 30_000, async () => {
      const trial = await tried("How much is postage?");
      return trial.outcome === "answered" && trial;
    });
    assert.equal(found.passages[0].slug, "what-does-delivery-cost");
    assert.ok(model.requests.every(({ headers }) => headers.authorization === `Bearer ${KEY}`));
    await post(server, admin, "/api/kb/articles", { title: "Soon", body: "A zeppelin is coming.", status: "draft" });
    const article = { title: "Parcels abroad", body: "Lanterns travel by ship.", status: "published" };
    const { article_id } = await post(server, admin, "/api/kb/articles", article);
    const asked = async () => (await tried("Do you send postage overseas?")).passages.map((passage) => passage.slug);
    await poll("the new article", 30_000, async () => (await asked()).includes("parcels-abroad"));
    for (const { raw } of model.requests) assert.ok(!raw.includes("zeppelin"), "a draft left the house");
    await call(server, "DELETE", `/api/kb/articles/${article_id}`, { token: admin.token });
    assert.ok(!(await asked()).includes("parcels-abroad"));
    for (const script of [(_, answer) => answer.json({}, 500), (_, answer) => answer.json({ data: [] }), () => undefined]) {
      model.script = script;
      assert.equal((await tried(QUESTION)).outcome, "answered");
    }
    await setUp({ embedding: null });
  });

  test("are made of nothing that the day's tokens have no room for", async () => {
    model.script = embed;
    const named = (name) => ({ ...embedding(), name });
    await setUp({ engine: "passages", embedding: named("in-budget") });
    await poll("the vectors", 30_000, async () => (await tried("How much is postage?")).outcome === "answered");
    model.requests.length = 0;
    await setUp({ engine: "passages", embedding: named("in-budget"), budget: { ...noBudget, tokens_per_day: 0 } });
    assert.equal((await tried("How much is postage?")).outcome, "handed_over");
    assert.equal((await tried(QUESTION)).outcome, "answered", "by its words");
    await setUp({ engine: "passages", embedding: named("beyond-budget"), budget: { ...noBudget, tokens_per_day: 0 } });
    await pause(2_000);
    assert.equal(model.requests.length, 0);
    // Of what is left, articles have half, and a question is far less.
    model.script = (body, answer, request) => embed(body, { json: (told) => answer.json({ ...told, usage: { prompt_tokens: 7 } }) }, request);
    await setUp({ engine: "passages", embedding: named("within"), budget: { ...noBudget, tokens_per_day: 1_000_000 } });
    await poll("the vectors", 30_000, async () => (await tried("How much is postage?")).outcome === "answered");
    await setUp({ embedding: null });
  });

  test("of one tenant are made while another's model is away, which is asked ever more rarely", { timeout: 120_000 }, async () => {
    const name = `neighbour-${Date.now()}`;
    const { publishable_key } = JSON.parse(await runCommand(server, ["tenant", "create", "--name", name]));
    const create = ["user", "create", "--username", "nell", "--role", "admin", "--tenant", name, "--password-stdin"];
    await runCommand(server, create, "staple of the neighbour\n");
    const login = { body: { username: "nell", password: "staple of the neighbour" }, headers: { "x-api-key": publishable_key } };
    const nell = { token: (await call(server, "POST", "/api/auth/login", login)).body.access_token };
    await put(server, nell, "/api/bot", { embedding: { ...embedding(), name: "of-nell" } });
    const ofBroken = () => model.requests.filter(({ body }) => body.model.startsWith("broken")).length;
    model.script = (body, answer, request) => {
      if (body.model === "broken") return answer.json({}, 500);
      return body.model === "broken-and-silent" ? undefined : embed(body, answer, request);
    };
    await setUp({ engine: "passages", embedding: { ...embedding(), name: "broken" } });
    await poll("the broken one to be asked", 10_000, () => ofBroken() > 0);
    await pause(9_000);
    assert.equal(ofBroken(), 1, "ten seconds of rest");
    await setUp({ engine: "passages", embedding: { ...embedding(), name: "broken-and-silent" } });
    await poll("it to be asked at once, set anew", 8_000, () => ofBroken() > 1);
    await post(server, nell, "/api/kb/articles", { title: "Nell's lamps", body: "They shine.", status: "published" });
    const isMade = () => model.requests.some(({ body, raw }) => body.model === "of-nell" && raw.includes("They shine."));
    await poll("the neighbour's vectors", 10_000, isMade);
    await setUp({ embedding: null });
  });

  test("are compared piece by piece, to the last", { timeout: 120_000 }, async () => {
    const articles = [];
    const write = async (title, body) => articles.push(await post(server, admin, "/api/kb/articles", { title, body, status: "published" }));
    for (const part of [1, 2, 3]) {
      const sections = Array.from({ length: 400 }, (_, at) => `## Part ${part}, section ${at}\n\nOf stone and sand.`);
      await write(`Minerals ${part}`, sections.join("\n\n"));
    }
    await write("Quokkas", "They live on an island.");
    const isNear = (text) => /quokka|marsupial/i.test(text);
    const many = new Set();
    model.script = (body, answer) => {
      body.input.forEach((text) => many.add(text));
      answer.json({ data: body.input.map((text, index) => ({ index, embedding: isNear(text) ? [1, 0.1] : [0.1, 1] })) });
    };
    await setUp({ engine: "passages", embedding: { ...embedding(), name: "many" } });
    const found = await poll("the last vector", 90_000, async () => {
      const trial = await tried("Which marsupial?");
      return trial.passages[0]?.slug === "quokkas" && trial;
    });
    assert.equal(found.outcome, "answered");
    assert.ok(many.size > 1_200, `${many.size} texts`);
    await setUp({ embedding: null });
    for (const { article_id } of articles) await call(server, "DELETE", `/api/kb/articles/${article_id}`, { token: admin.token });
  });
});

describe("for staff", () => {
  test("a reply, a summary, a tone, a language and an article; nothing is sent", async () => {
    await put(server, admin, "/api/bot", { enabled: false });
    const { ticket_id } = await newTicket(server, customer);
    await post(server, customer, `/api/messages/${ticket_id}`, { message_content: "What does delivery cost? Card 4111 1111 1111 1111" });
    await post(server, support, `/api/messages/${ticket_id}`, { message_content: "It costs 4.90 €." });
    const help = (body, person = support) => call(server, "POST", `/api/tickets/${ticket_id}/assist`, { token: person.token, body });
    model.script = (_, answer) => answer.say("# Delivery\n\nIt costs **4.90 €**.");
    const { body: article } = await help({ kind: "article" });
    assert.deepEqual([article.title, article.text, article.is_marked], ["Delivery", "It costs **4.90 €**.", true]);
    const { body: reply } = await help({ kind: "reply" });
    assert.equal(reply.sources[0].slug, "what-does-delivery-cost");
    assert.equal((await help({ kind: "summary" })).status, 200);
    assert.equal((await help({ kind: "rewrite", text: "Nope.", tone: "friendly" })).status, 200);
    assert.equal((await help({ kind: "translate", text: "Nope.", language: "de" })).status, 200);
    for (const { raw } of model.requests) assert.ok(!raw.includes("4111"), "a card number left the house");
    for (const bad of [{ kind: "rewrite", text: "x" }, { kind: "translate", text: "x" }, { kind: "rewrite", tone: "formal" }, { kind: "x" }]) {
      assert.equal((await help(bad)).status, 422, JSON.stringify(bad));
    }
    model.script = (_, answer) => answer.json({}, 500);
    const failed = await help({ kind: "summary" });
    assert.deepEqual([failed.status, failed.body.code], [503, "unavailable"]);
    await put(server, admin, "/api/bot", { budget: { tokens_per_day: 0 } });
    assert.deepEqual([(await help({ kind: "summary" })).body.code], ["budget_spent"]);
    assert.equal((await allMessages(server, customer, ticket_id)).length, 2);
    assert.equal((await help({ kind: "summary" }, customer)).status, 403);
    assert.equal((await help({ kind: "summary" }, await newCustomer(server))).status, 404);
  });

  test("without a model, what can be made of what is there", async () => {
    await put(server, admin, "/api/bot", { enabled: false, engine: "passages", model: null });
    const { ticket_id } = await newTicket(server, customer, { subject: "Postage" });
    await post(server, customer, `/api/messages/${ticket_id}`, { message_content: QUESTION });
    await post(server, support, `/api/messages/${ticket_id}`, { message_content: "It costs 4.90 €." });
    const { kinds } = await get(server, support, `/api/tickets/${ticket_id}/assist`);
    assert.deepEqual(kinds, ["reply", "summary", "article"]);
    const help = (body) => call(server, "POST", `/api/tickets/${ticket_id}/assist`, { token: support.token, body });
    assert.match((await help({ kind: "reply" })).body.text, /^Delivery costs 4\.90 €[^]*\/help\//);
    assert.equal((await help({ kind: "summary" })).body.text, `→ ${QUESTION}\n← It costs 4.90 €.`);
    const { body: article } = await help({ kind: "article" });
    assert.deepEqual([article.title, article.text], ["Postage", "It costs 4.90 €."]);
    assert.equal((await help({ kind: "translate", text: "x", language: "de" })).body.code, "no_model");
  });
});
