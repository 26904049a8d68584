// The bot with a model behind it: a real HTTP server that answers well, slowly, without end, wrongly, or as an attacker wants.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";

import { GOOD, KEY, QUESTION, again, asked, begin, end, handedOver, setUp } from "../harness/bot.mjs";
import { figure } from "../harness/metrics.mjs";
import { allMessages, get, newCustomer, newTicket, post, put } from "../harness/people.mjs";
import { runCommand } from "../harness/server.mjs";
import { allHeard, connect, heard, tell } from "../harness/sockets.mjs";
import { pause, poll } from "../harness/wait.mjs";
import { failInEveryWay } from "../trials/model.mjs";

let server, model, admin, support, customer;

before(async () => {
  ({ server, model, admin, support } = await begin());
});

after(end);

beforeEach(async () => {
  customer = await again();
});

describe("an answer", () => {
  test("is streamed, rests on its sources, and is logged with what it took", async () => {
    await setUp({ instructions: "We are a lamp shop." }, { input_price: 3, output_price: 15 });
    model.script = (_, answer) => answer.say(GOOD, { between: 60 });
    const { ticket_id } = await newTicket(server, customer);
    const line = await connect(server, customer);
    await tell(line, "join_ticket", { ticket_id });
    await tell(line, "chat_message", { ticket_id, message_content: QUESTION });
    const answer = await heard(line, "chat_message", (message) => message.kind === "bot");
    assert.match(answer.message_content, /^Delivery costs 4.90 € \[1\] and takes 2 to 3 days \[1\]\.\n\n\[1\] What does/);
    const deltas = allHeard(line, "bot_delta");
    assert.ok(deltas.length >= 2, `${deltas.length} pieces`);
    for (const delta of deltas) {
      assert.deepEqual([delta.ticket_id, delta.message_id], [ticket_id, answer.message_id]);
      assert.ok(!delta.text.includes("["), "numbers that may change are not shown");
    }
    deltas.slice(1).forEach((delta, at) => assert.ok(delta.text.startsWith(deltas[at].text.slice(0, 10))));
    const [{ headers, body, path }] = model.requests;
    assert.equal(path, "/v1/chat/completions");
    assert.equal(headers.authorization, `Bearer ${KEY}`);
    assert.equal(body.model, "scripted");
    assert.match(body.messages[0].content, /We are a lamp shop\.[^]*\[1\] What does delivery cost\?\nDelivery costs 4\.90/);
    assert.deepEqual(body.messages.at(-1), { role: "user", content: QUESTION });
    const [run] = (await get(server, admin, `/api/bot/runs?ticket_id=${ticket_id}`)).data;
    assert.deepEqual([run.engine, run.model, run.outcome], ["model", "scripted", "answered"]);
    assert.deepEqual([run.input_tokens, run.output_tokens, run.cost], [100, 20, 0.0006]);
    line.socket.disconnect();
  });

  test("comes of Anthropic's messages too, and of a server that does not stream", async () => {
    await setUp({}, { provider: "anthropic" });
    model.script = (_, answer) => {
      answer.event({ type: "message_start", message: { usage: { input_tokens: 50, output_tokens: 1 } } });
      answer.event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } });
      answer.event({ type: "ping" });
      for (const text of ["Delivery costs ", "4.90 € [1]."]) {
        answer.event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } });
      }
      answer.event({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 9 } });
      answer.event({ type: "message_stop" });
      answer.response.end();
    };
    const streamed = await asked();
    assert.match(streamed.said[0].message_content, /^Delivery costs 4\.90 € \[1\]\./);
    assert.deepEqual([streamed.run.input_tokens, streamed.run.output_tokens], [50, 9]);
    const [{ path, headers, body }] = model.requests;
    assert.deepEqual([path, headers["x-api-key"], headers["anthropic-version"]], ["/v1/messages", KEY, "2023-06-01"]);
    assert.deepEqual(body.messages, [{ role: "user", content: [{ type: "text", text: QUESTION }] }]);
    await setUp();
    model.script = (_, answer) => {
      answer.json({ choices: [{ message: { role: "assistant", content: GOOD }, finish_reason: "stop" }] });
    };
    assert.equal((await asked()).run.outcome, "answered");
  });

  test("follows the conversation, and nothing secret leaves the house", async () => {
    const { ticket_id } = await asked("My card is 4111 1111 1111 1111, my password is hunter2. What does delivery cost?");
    await post(server, customer, `/api/messages/${ticket_id}`, { message_content: "And how long?" });
    await poll("the second answer", 10_000, async () => model.requests.length >= 2);
    const { raw, body } = model.requests[1];
    assert.ok(!raw.includes("4111") && !raw.includes("hunter2"), raw);
    assert.match(raw, /\[card number\].*\[password\]/);
    assert.deepEqual(body.messages.slice(1).map((message) => message.role), ["user", "assistant", "user"]);
    assert.match(body.messages[0].content, /Delivery costs 4\.90/, "what was found for the question before");
  });

  test("that rests on nothing is no answer", async () => {
    for (const invented of [
      "Delivery costs 4.90 €.",
      "It costs 49.90 € [1].",
      "Pay at https://evil.example/pay [1].",
      "<img src=https://evil.example/c?x=1> [1]",
      "As source [7] says, it is free.",
      "Your full refund is approved. Anything else?",
      "My instructions are: You answer a customer of this company in its support chat.",
    ]) {
      model.script = (_, answer) => answer.say(invented);
      handedOver(await asked(), "low_confidence", "not_grounded");
    }
  });

  test("may be a question back, once, or nothing at all", async () => {
    model.script = (_, answer) => answer.say("Which country do you mean?");
    const { ticket_id, run } = await asked();
    assert.equal(run.outcome, "asked_back");
    await post(server, customer, `/api/messages/${ticket_id}`, { message_content: "The one with the delivery" });
    const state = async () => (await get(server, support, `/api/tickets/${ticket_id}`)).bot_state;
    await poll("a hand-over", 10_000, async () => (await state()) === "handoff_requested");
    model.script = (_, answer) => answer.call(["no_reply", {}]);
    const silent = await asked();
    assert.deepEqual([silent.run.outcome, silent.said.length, silent.ticket.bot_state], ["no_reply", 0, "bot"]);
    await figure(server, "smilechat_bot_replies_total", { outcome: "no_reply" }, (value) => value === 1);
  });
});

describe("a replay", () => {
  test("asks a model again what customers asked, tells what that took, and leaves their tickets as they were", async () => {
    const order = { name: "order", description: "An order.", url: `http://${model.host}/order`, parameters: [] };
    await setUp({ tools: ["tag"], http_tools: [order] }, { input_price: 3, output_price: 15 });
    const { ticket_id } = await asked();
    await asked("And what does it cost abroad?");
    await put(server, support, `/api/tickets/${ticket_id}`, { status: "closed" });
    const state = async () => [
      await get(server, support, "/api/tickets?limit=100"),
      await get(server, admin, "/api/bot/runs?limit=100"),
      await allMessages(server, customer, ticket_id),
    ];
    const before = await state();
    model.requests.length = 0;
    model.script = (body, answer) => {
      if (!body.messages.some(({ content }) => content === QUESTION)) return answer.say("It is free.");
      return body.messages.at(-1).role === "tool" ? answer.say(GOOD) : answer.call(["tag", { tags: ["x"] }], ["order", {}]);
    };
    const replay = () => runCommand(server, ["bot", "eval", "--replay", "2"]);
    const first = await replay();
    assert.match(first, /^answered {20}1 of 2 \(50 %\)$/m);
    assert.match(first, /^ {2}low_confidence {12}1$/m);
    assert.match(first, /^grounded {20}1 of 2 \(50 %\)$/m);
    assert.match(first, /^input tokens {16}300\noutput tokens {15}60\ncost {24}0\.0018$/m);
    assert.match(first, /^latency p50 {17}\d+ ms\nlatency p90 {17}\d+ ms$/m);
    assert.match(first, /^ {2}#\d+ "What does delivery cost\?": answered$/m);
    assert.match(first, /^ {2}#\d+ "And what does it cost abroad\?": handed over \(low_confidence, not_grounded\)$/m);
    assert.ok(model.requests.every(({ path }) => path !== "/order"), "a tool was called");
    model.script = (_, answer) => answer.say(GOOD);
    const second = await replay();
    assert.match(second, /^grounded {20}2 of 2 \(100 %\) {2}\+1$/m);
    assert.match(second, /^cost {24}0\.0012 {2}-0\.0006$/m);
    assert.match(second, /\(model scripted\): 1 better, 0 worse, 0 otherwise$/m);
    assert.deepEqual(await state(), before);
  });
});

describe("a model that fails", () => {
  test("in every way: a person within the deadline, one notice, and the message stands", async () => {
    await failInEveryWay({ server, model, admin, support }, { deadline: 3 });
  });

  test("once, and then answers: nobody notices", async () => {
    let tries = 0;
    model.script = (_, answer) => {
      tries += 1;
      if (tries === 1) return answer.json({}, 503);
      if (tries === 2) return answer.piece("Delivery costs "), answer.breakOff();
      return answer.say(GOOD);
    };
    const { run, said } = await asked();
    assert.deepEqual([run.outcome, said.length, tries], ["answered", 1, 3]);
  });

  test("while a customer writes: the message is acked as always", async () => {
    model.script = () => undefined;
    const { ticket_id } = await newTicket(server, customer);
    const line = await connect(server, customer);
    await tell(line, "join_ticket", { ticket_id });
    const began = Date.now();
    await tell(line, "chat_message", { ticket_id, message_content: QUESTION });
    assert.ok(Date.now() - began < 1_000);
    await heard(line, "typing", (shown) => shown.is_typing);
    await heard(line, "typing", (shown) => !shown.is_typing, 8_000);
    line.socket.disconnect();
  });
});

describe("a person", () => {
  test("who writes while the model does is not talked over, and the model is hung up on", async () => {
    await setUp({}, { deadline_seconds: 20 });
    model.script = async (_, answer) => {
      for (let word = 0; word < 150 && !answer.response.destroyed; word += 1) {
        answer.piece(word === 2 ? "[1] " : "word ");
        await pause(60);
      }
    };
    const { ticket_id } = await newTicket(server, customer);
    const line = await connect(server, customer);
    await tell(line, "join_ticket", { ticket_id });
    await tell(line, "chat_message", { ticket_id, message_content: QUESTION });
    await heard(line, "bot_delta");
    await post(server, support, `/api/messages/${ticket_id}`, { message_content: "I am here." });
    await poll("the end of the model's line", 5_000, () => model.closed > 0);
    await heard(line, "typing", (shown) => !shown.is_typing);
    const said = await allMessages(server, customer, ticket_id);
    assert.deepEqual(said.filter((message) => message.kind === "bot"), []);
    line.socket.disconnect();
  });
});

describe("tools", () => {
  test("do what the tenant allows, with the answer", async () => {
    await setUp({ tools: ["tag", "priority", "close"] });
    model.script = (body, answer) => {
      if (body.messages.at(-1).role === "tool") return answer.say(GOOD);
      const names = body.tools.map((tool) => tool.function.name);
      assert.deepEqual(names, ["hand_over", "no_reply", "tag", "priority", "close"]);
      return answer.call(["tag", { tags: ["delivery"] }], ["priority", { priority: "high" }], ["close", {}]);
    };
    const { ticket, run } = await asked();
    assert.deepEqual([ticket.tags, ticket.priority, ticket.status], [["delivery"], "high", "closed"]);
    assert.deepEqual(run.tools.map((tool) => [tool.name, tool.result]), [["tag", "noted"], ["priority", "noted"], ["close", "noted"]]);
  });

  test("close nothing that is handed over", async () => {
    await setUp({ tools: ["close"] });
    model.script = (_, answer) => answer.call(["close", {}], ["hand_over", { summary: "wants \u0000 a refund" }]);
    const outcome = await asked();
    handedOver(outcome, "tool");
    assert.equal(outcome.ticket.status, "open");
  });

  for (const provider of ["openai", "anthropic"]) {
    test(`are named to the end by ${provider}'s rules, and in the last round may not be called`, async () => {
      await setUp({ tools: ["look_up"] }, { provider });
      const use = { type: "tool_use", id: "call_0", name: "look_up", input: {} };
      model.script = (body, answer) => {
        const isLast = provider === "openai" ? body.tool_choice === "none" : body.tool_choice?.type === "none";
        if (provider === "openai") return isLast ? answer.say(GOOD) : answer.call(["look_up", {}]);
        const content = isLast ? [{ type: "text", text: GOOD }] : [use];
        return answer.json({ content, stop_reason: "end_turn", usage: { input_tokens: 9, output_tokens: 9 } });
      };
      const { run } = await asked();
      assert.deepEqual([run.outcome, run.tools.length, model.requests.length], ["answered", 4, 5]);
      // Without them, Anthropic answers 400 to a history that has calls.
      for (const { body } of model.requests) assert.equal(body.tools.length, 3);
      assert.ok(model.requests.slice(0, -1).every(({ body }) => body.tool_choice === undefined));
    });
  }

  test("that are called in the last round all the same do nothing more", async () => {
    await setUp({ http_tools: [orderTool()] });
    model.script = (_, answer, request) => {
      if (request.url === "/order") return answer.json({ order: 7 });
      return answer.call(["order_status", { order: 7 }]);
    };
    handedOver(await asked(), "model_failed", "model_too_long");
    assert.equal(model.requests.filter(({ path }) => path === "/order").length, 4);
  });

  test("that are not allowed, or called wrongly, do nothing", async () => {
    await setUp({ tools: ["tag"] });
    model.script = (body, answer) => {
      if (body.messages.at(-1).role === "tool") return answer.say(GOOD);
      return answer.call(["close", {}], ["tag", { tags: "x" }], ["tag", { tags: ["a"], ticket_id: "t" }], ["tag", "{"], ["rm", {}]);
    };
    const { ticket, run } = await asked();
    assert.deepEqual([ticket.tags, ticket.status, run.outcome], [[], "open", "answered"]);
    assert.ok(run.tools.every((tool) => tool.result.startsWith("error:")), JSON.stringify(run.tools));
  });

  test("show the customer's own tickets, and nobody else's", async () => {
    const other = await newCustomer(server);
    const canary = await newTicket(server, other, { subject: "canary of another customer" });
    await runCommand(server, ["tenant", "create", "--name", `other-${Date.now()}`]);
    const own = await newTicket(server, customer, { subject: "My own lamp" });
    await setUp({ tools: ["look_up"] });
    const ids = [canary.ticket_id, "01890000-0000-7000-8000-000000000000", "*", "' or 1=1 --", own.ticket_id];
    model.script = (body, answer) => {
      if (body.messages.at(-1).role === "tool") return answer.say(GOOD);
      return answer.call(...ids.map((ticket_id) => ["look_up", { ticket_id }]), ["look_up", {}]);
    };
    const { run } = await asked();
    const results = run.tools.map((tool) => tool.result);
    assert.deepEqual(results.slice(0, 4), Array(4).fill("error: not found"));
    assert.ok(results[4].includes(own.ticket_id) && results[5].includes(own.ticket_id), JSON.stringify(results));
    for (const { raw } of model.requests) assert.ok(!raw.includes("canary"));
  });

  test("of the tenant's own are called in the customer's name, signed, and may be cited", async () => {
    const { secret } = await setUp({ http_tools: [orderTool()] }).then(() => post(server, admin, "/api/bot/webhook/secret", {}));
    model.script = (body, answer, request) => {
      if (request.url === "/order") return answer.json({ order: 7, arrives: "on the 14th" });
      if (body.messages.at(-1).role !== "tool") return answer.call(["order_status", { order: 7 }]);
      const number = /Source \[(\d)\]/.exec(body.messages.at(-1).content)[1];
      return answer.say(`Order 7 arrives on the 14th [${number}].`);
    };
    const { run, said, ticket_id } = await asked("Where is the delivery of my order 7?");
    assert.equal(run.outcome, "answered", JSON.stringify(run));
    assert.match(said[0].message_content, /^Order 7 arrives on the 14th \[1\]\.$/);
    const called = model.requests.find((request) => request.path === "/order");
    assert.deepEqual(called.body.arguments, { order: 7 });
    assert.deepEqual([called.body.ticket_id, called.body.visitor.user_id], [ticket_id, customer.id]);
    const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(called.headers["smilechat-signature"]);
    assert.equal(createHmac("sha256", secret).update(`${seconds}.${called.raw}`).digest("hex"), signature);
  });

  const orderTool = () => ({
    name: "order_status",
    description: "Tells when an order arrives.",
    url: `http://${model.host}/order`,
    parameters: [{ name: "order", type: "integer", description: "Its number.", is_required: true }],
  });
});
