// @vitest-environment happy-dom
import { ApiError } from "@smilechat/client";
import { expect, test } from "vitest";
import { fieldErrors, inWords } from "../src/backend/errors";
import { initials } from "../src/parts/Face";
import { shortTime, sinceWhen } from "../src/parts/time";
import { originOf, originsOf, snippet } from "../src/settings/snippet";
import { isArrival } from "../src/tickets/arrivals";
import { historyWords } from "../src/tickets/history-words";
import { at, entry, ticket } from "./fixtures";

const names: Record<string, string> = { ben: "Ben", chloe: "Chloé", maria: "Maria" };
const words = (patch: Parameters<typeof entry>[1]) =>
  historyWords(entry(1, patch), "me", (id) => names[id] ?? "Somebody");

test("what happened is told in a sentence", () => {
  expect(words({ data: { status: "closed", closed_at: at(1) } })).toBe("Ben closed the ticket");
  expect(words({ data: { status: "open", closed_at: null }, actor_id: "maria" })).toBe("Maria reopened the ticket");
  expect(words({ data: { status: "in_progress", support_id: "ben" } })).toBe("Ben took the ticket");
  expect(words({ data: { support_id: "chloe" } })).toBe("Ben gave it to Chloé");
  expect(words({ data: { support_id: "me" } })).toBe("Ben gave it to you");
  expect(words({ data: { status: "open", support_id: null }, actor_id: "me" })).toBe("You put it back for others");
  expect(words({ data: { priority: "high", tags: ["a", "b"] } })).toBe(
    "Ben set the priority to high and set the tags to a, b",
  );
  expect(words({ kind: "ticket_assigned", actor_id: null, data: { support_id: "me" } })).toBe(
    "Given to you automatically",
  );
  expect(words({ data: {} })).toBe("Ben changed the ticket");
});

test("times are short and grow older", () => {
  const now = Date.parse(at(0));
  const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
  expect([0.5, 5, 59, 60, 23 * 60].map((minutes) => shortTime(ago(minutes), now))).toEqual([
    "now",
    "5m",
    "59m",
    "1h",
    "23h",
  ]);
  expect(shortTime(ago(400 * 24 * 60), now)).toContain("2025");
  expect([0, 1, 2, 60, 48 * 60].map((minutes) => sinceWhen(ago(minutes), now))).toEqual([
    "just now",
    "1 minute ago",
    "2 minutes ago",
    "1 hour ago",
    "2 days ago",
  ]);
  expect(shortTime(new Date(now + 9000).toISOString(), now)).toBe("now");
});

test("errors are words for a person", () => {
  expect(inWords(new ApiError(401, "invalid_credentials", "x"))).toMatch(/do not match/u);
  expect(inWords(new ApiError(429, "rate_limited", "x", [], 30))).toBe("Too many tries. Try again in 30 seconds.");
  const invalid = new ApiError(422, "invalid", "x", [{ field: "name", code: "blank", message: "Cannot be blank." }]);
  expect(inWords(invalid)).toBe("Cannot be blank.");
  expect(fieldErrors(invalid)).toEqual({ name: "Cannot be blank." });
  const item = new ApiError(422, "invalid", "Invalid", [{ field: "origins[1]", code: "invalid", message: "Not one." }]);
  expect(fieldErrors(item)).toEqual({ origins: "Not one." });
  expect(inWords(new TypeError("x is undefined"))).toBe("Something went wrong. Try again.");
});

test("a notice comes when a customer wrote in a ticket of ours or of nobody's, and for nothing else", () => {
  const before = ticket({ support_id: "ben", last_seq: 2, unread_count: 0 });
  const after = { ...before, last_seq: 3, unread_count: 1 };
  expect(isArrival(before, after, "ben")).toBe(true);
  expect(isArrival(undefined, ticket({ unread_count: 1 }), "ben")).toBe(true);
  expect(isArrival(before, { ...after, support_id: "chloe" }, "ben")).toBe(false);
  expect(isArrival(before, { ...before, last_seq: 3 }, "ben")).toBe(false);
  expect(isArrival(after, { ...after, priority: "high" }, "ben")).toBe(false);
  expect(isArrival(before, { ...after, status: "closed" }, "ben")).toBe(false);
});

test("initials are of the first and last name, in any script", () => {
  expect(["Maria Santos", "Liam van der O'Connor", "yuki", "", "  ", "山田 太郎"].map(initials)).toEqual([
    "MS",
    "LO",
    "Y",
    "",
    "",
    "山太",
  ]);
});

test("the snippet is two script tags, with a mark where the key goes", () => {
  expect(snippet("https://chat.example.com", "pk_1")).toBe(
    '<script>window.SmileChatConfig = { apiUrl: "https://chat.example.com", apiKey: "pk_1" };</script>\n' +
      '<script src="https://chat.example.com/widget.js" async></script>',
  );
  expect(snippet("https://chat.example.com", "")).toContain("pk_…");
});

test.each([
  ["shop.example", "https://shop.example"],
  [" https://shop.example/a?b ", "https://shop.example"],
  ["http://shop.example:80", "http://shop.example"],
  ["localhost:8098", "http://localhost:8098"],
  ["LOCALHOST", "http://localhost"],
  ["shop.localhost:3000/demo", "http://shop.localhost:3000"],
  ["127.0.0.1:5173", "http://127.0.0.1:5173"],
  ["[::1]:8080", "http://[::1]:8080"],
  ["https://localhost:8443", "https://localhost:8443"],
  ["localhost.shop.example", "https://localhost.shop.example"],
  ["127.0.0.1.shop.example", "https://127.0.0.1.shop.example"],
  ["", null],
  ["a b", null],
  ["*.shop.example", null],
  ["ftp://shop.example", null],
  ["javascript://shop.example", null],
  ["https://shop..example", null],
  ["müller.example", "https://xn--mller-kva.example"],
])("the site %j is the origin %j", (typed, origin) => {
  expect(originOf(typed)).toBe(origin);
});

test("sites are completed, each once, and what is none stays to be mended", () => {
  const typed = ["https://shop.example", "shop.example", "Shop.example/cart", "*.shop.example", "localhost:3000"];
  expect(originsOf(typed)).toEqual(["https://shop.example", "*.shop.example", "http://localhost:3000"]);
});
