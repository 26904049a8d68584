import { expect, test } from "vitest";
import { belongs, countBadge, countLabel, type ListView, listQuery } from "../src/tickets/queues";
import { ticket } from "./fixtures";

const view = (patch: Partial<ListView>): ListView => ({
  queue: "all",
  search: "",
  priority: null,
  tag: null,
  ...patch,
});

test("a queue asks the server for itself, and a search asks for all queues", () => {
  expect(listQuery(view({ queue: "mine" }))).toEqual({ status: "active", support_id: "me" });
  expect(listQuery(view({ queue: "unassigned", priority: "high" }))).toEqual({
    status: "active",
    support_id: "none",
    bot_state: "not_bot",
    priority: "high",
  });
  expect(listQuery(view({ queue: "bot" }))).toEqual({ status: "active", bot_state: "bot" });
  expect(listQuery(view({ queue: "closed" }))).toEqual({ status: "closed" });
  expect(listQuery(view({ queue: "mine", search: "torn", tag: "order" }))).toEqual({ q: "torn", tag: "order" });
});

test.each([
  [{ support_id: "ben" }, { mine: true, unassigned: false, bot: false, all: true, closed: false }],
  [{ support_id: "chloe" }, { mine: false, unassigned: false, bot: false, all: true, closed: false }],
  [{ support_id: null }, { mine: false, unassigned: true, bot: false, all: true, closed: false }],
  [{ bot_state: "bot" as const }, { mine: false, unassigned: false, bot: true, all: true, closed: false }],
  [
    { bot_state: "handoff_requested" as const },
    { mine: false, unassigned: true, bot: false, all: true, closed: false },
  ],
  [
    { bot_state: "bot" as const, status: "closed" as const },
    { mine: false, unassigned: false, bot: false, all: false, closed: true },
  ],
  [
    { support_id: "ben", status: "closed" as const },
    { mine: false, unassigned: false, bot: false, all: false, closed: true },
  ],
])("%j belongs where the server would list it", (patch, expected) => {
  for (const [queue, isMember] of Object.entries(expected)) {
    expect(belongs(view({ queue: queue as ListView["queue"] }), ticket(patch), "ben"), queue).toBe(isMember);
  }
});

test("what was narrowed away does not belong, and of a search only the server knows", () => {
  expect(belongs(view({ priority: "high" }), ticket({ priority: "low" }), "ben")).toBe(false);
  expect(belongs(view({ tag: "order" }), ticket({ tags: ["refund"] }), "ben")).toBe(false);
  expect(belongs(view({ search: "torn" }), ticket(), "ben")).toBeNull();
  expect(belongs(view({ search: "torn", priority: "high" }), ticket({ priority: "low" }), "ben")).toBe(false);
});

test("a count that the server cut short says so", () => {
  expect([0, 7, 999, 1000].map(countLabel)).toEqual(["0", "7", "999", "1,000+"]);
  expect([0, 7, 999, 1000].map(countBadge)).toEqual(["0", "7", "999", "1k+"]);
});
