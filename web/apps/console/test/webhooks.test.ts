// @vitest-environment happy-dom
import { expect, test } from "vitest";
import type { Delivery, Webhook } from "../src/settings/webhooks/queries";
import {
  attemptWords,
  bodyWords,
  lastWords,
  nextWords,
  standingWords,
  TYPES,
  typesWords,
} from "../src/settings/webhooks/words";
import { at } from "./fixtures";

const now = Date.parse(at(0));
const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
const webhook = (patch: Partial<Webhook> = {}): Webhook => ({
  webhook_id: "w",
  url: "https://shop.example/hooks",
  description: "",
  types: [],
  is_enabled: true,
  disabled_reason: null,
  failing_since: null,
  created_at: at(0),
  updated_at: at(0),
  ...patch,
});
const delivery = (patch: Partial<Delivery> = {}): Delivery => ({
  delivery_id: "msg_1",
  type: "ticket.created",
  ticket_id: null,
  state: "pending",
  attempts: 0,
  next_at: at(0),
  last_status: null,
  last_error: null,
  last_ms: null,
  created_at: at(0),
  done_at: null,
  body: "{}",
  ...patch,
});

test("a webhook is on, failing or off, and says why", () => {
  expect(standingWords(webhook())).toEqual({ label: "On", tone: "good", why: null });
  expect(standingWords(webhook({ failing_since: ago(5) }), now)).toEqual({
    label: "Failing",
    tone: "bad",
    why: "Every attempt fails, first 5 minutes ago.",
  });
  expect(standingWords(webhook({ is_enabled: false, failing_since: ago(5) }))).toMatchObject({
    tone: "quiet",
    why: null,
  });
  const gone = standingWords(webhook({ is_enabled: false, disabled_reason: "gone" }));
  expect(gone.why).toBe("Switched off by the server: its receiver answered 410, that it is gone for good.");
  expect(standingWords(webhook({ is_enabled: false, disabled_reason: "failing" })).why).toContain("five days");
  expect(standingWords(webhook({ is_enabled: false, disabled_reason: "some_new" })).why).toContain("some new");
});

test("an empty list of types is everything but notes, and each type has words", () => {
  expect(typesWords([])).toBe("Everything but private notes");
  expect(typesWords(["note.added", "message.sent"])).toBe("note.added, message.sent");
  expect(new Set(TYPES.map(({ value }) => value)).size).toBe(9);
});

test("an attempt is told with its status and its time, or with what went wrong", () => {
  expect(attemptWords({ status: 204, error: null, ms: 12 })).toBe("Delivered: answered 204 in 12 ms.");
  expect(attemptWords({ status: 500, error: "server_error", ms: 30 })).toBe(
    "The receiver had a fault of its own: it answered 500, after 30 ms.",
  );
  expect(attemptWords({ status: null, error: "timeout", ms: 15_000 })).toBe("No answer came in time, after 15.0 s.");
  expect(attemptWords({ status: null, error: "some_new", ms: 1 })).toBe("some new, after 1 ms.");
  expect(lastWords(delivery())).toBe(null);
  expect(lastWords(delivery({ last_status: 200, last_ms: 7 }))).toBe("Answered 200 in 7 ms");
  expect(lastWords(delivery({ last_status: 404, last_error: "rejected", last_ms: 7 }))).toMatch(/not take it.*404/u);
});

test("what comes next is told of what is not done", () => {
  const soon = new Date(now + 25_000).toISOString();
  const later = new Date(now + 300_000).toISOString();
  expect(nextWords(delivery({ next_at: ago(1) }), webhook(), now)).toBe("On its way");
  expect(nextWords(delivery({ attempts: 1, next_at: null }), webhook(), now)).toBe("Being sent just now");
  const failed = delivery({ attempts: 2, last_error: "timeout" });
  expect(nextWords({ ...failed, next_at: later }, webhook(), now)).toMatch(/^Next attempt /u);
  expect(nextWords({ ...failed, next_at: soon }, webhook(), now)).toBe("Sent again within a minute");
  expect(nextWords({ ...failed, next_at: ago(1) }, webhook(), now)).toBe("On its way");
  expect(nextWords(delivery({ state: "waiting" }), webhook(), now)).toContain("comes first");
  expect(nextWords(delivery({ next_at: soon }), webhook({ is_enabled: false }), now)).toContain("on again");
  expect(nextWords(delivery({ next_at: null }), webhook({ is_enabled: false }), now)).toContain("just now");
  expect(nextWords(delivery({ state: "failed" }), webhook({ is_enabled: false }), now)).toBe(null);
});

test("a body is told line by line, and as it is where it is no JSON", () => {
  expect(bodyWords('{"type":"x"}')).toBe('{\n  "type": "x"\n}');
  expect(bodyWords("<b>")).toBe("<b>");
});
