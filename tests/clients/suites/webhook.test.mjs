// A server of the tenant's in the bot's seat.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";

import { QUESTION, again, asked, begin, end, handedOver, setUp } from "../harness/bot.mjs";
import { get, post } from "../harness/people.mjs";

let server, model, admin, support, customer;

before(async () => {
  ({ server, model, admin, support } = await begin());
});

after(end);

beforeEach(async () => {
  customer = await again();
});

describe("a webhook in the bot's seat", () => {
  let secret;
  const webhook = () => ({ url: `http://${model.host}/hook`, deadline_seconds: 3 });
  beforeEach(async () => {
    await setUp({ engine: "webhook", webhook: webhook() });
    ({ secret } = await post(server, admin, "/api/bot/webhook/secret", {}));
  });

  test("replies, is signed, and is told the same id at each try", async () => {
    let tries = 0;
    model.script = (_, answer) => {
      tries += 1;
      if (tries === 1) return answer.json({}, 500);
      if (tries === 2) return answer.json({ action: "typing", again_in_ms: 100 });
      return answer.json({ action: "reply", text: "<b>Four euros</b>" });
    };
    const { said, run, ticket_id } = await asked();
    assert.equal(said[0].message_content, "<b>Four euros</b>");
    assert.deepEqual([run.engine, run.outcome], ["webhook", "answered"]);
    const ids = new Set(model.requests.map(({ body }) => body.delivery_id));
    assert.deepEqual([ids.size, model.requests.length], [1, 3]);
    const { headers, raw, body } = model.requests[0];
    const [, seconds, signature] = /^t=(\d+),v1=(\w+)$/.exec(headers["smilechat-signature"]);
    assert.equal(createHmac("sha256", secret).update(`${seconds}.${raw}`).digest("hex"), signature);
    assert.deepEqual([body.ticket_id, body.messages, body.visitor.user_id], [ticket_id, [QUESTION], customer.id]);
  });

  test("hands over with its reason, or says nothing", async () => {
    model.script = (_, answer) => answer.json({ action: "handoff", reason: "wants a refund\u0000" });
    const outcome = await asked();
    handedOver(outcome, "webhook");
    const notes = await get(server, support, `/api/tickets/${outcome.ticket_id}/notes`);
    assert.match(JSON.stringify(notes), /wants a refund/);
    model.script = (_, answer) => answer.json({ action: "no_reply" });
    const silent = await asked();
    assert.deepEqual([silent.run.outcome, silent.said.length], ["no_reply", 0]);
  });

  test("that fails ends in a person", async () => {
    for (const [error, script] of [
      ["webhook_timeout", () => undefined],
      ["webhook_timeout", (_, answer) => answer.json({ action: "typing" })],
      ["webhook_server_error", (_, answer) => answer.json({}, 500)],
      ["webhook_rejected", (_, answer) => answer.json({}, 404)],
      ["webhook_broken", (_, answer) => answer.json({ action: "dance" })],
      ["webhook_too_long", (_, answer) => answer.json({ action: "reply", text: "" })],
      ["webhook_too_long", (_, answer) => answer.json({ action: "reply", text: "x".repeat(100_000) })],
    ]) {
      model.script = script;
      handedOver(await asked(), "webhook_failed", error);
    }
  });

  test("is not asked by somebody who wants a person", async () => {
    handedOver(await asked("I want to talk to a human"), "requested");
    assert.equal(model.requests.length, 0);
  });
});
