import { expect, test } from "vitest";
import { timeline } from "../src/conversation/timeline-items";
import { at, entry, message, note } from "./fixtures";

const sources = { messages: [], notes: [], history: [], readUpTo: null, isComplete: true };
const ben = { id: "ben", name: "Ben", role: "support" as const, avatar_url: null };

const outline = (items: ReturnType<typeof timeline>) => items.map((item) => item.key.replace(/^day .*/u, "day"));

test("messages, notes and events stand in the order of their times", () => {
  const items = timeline({
    ...sources,
    messages: [message(1), message(5)],
    notes: [note(3)],
    history: [entry(7), entry(2, { kind: "ticket_assigned", actor_id: null, data: { support_id: "ben" } })],
  });
  expect(items.map((item) => item.kind)).toEqual(["day", "message", "event", "note", "message", "event"]);
});

test("messages keep the order of their numbers, whatever their clocks say", () => {
  const items = timeline({
    ...sources,
    messages: [message(1, { timestamp: at(9) }), message(2, { timestamp: at(3) })],
  });
  expect(outline(items)).toEqual(["day", "m1", "m2"]);
});

test("neighbours of one sender are a group; another sender, a note or a long silence ends it", () => {
  const items = timeline({
    ...sources,
    messages: [
      message(1),
      message(2),
      message(3, { sender: ben }),
      message(20, { sender: ben }),
      message(22, { sender: ben }),
    ],
    notes: [note(21)],
  });
  const edges = items.flatMap((item) => (item.kind === "message" ? [[item.isFirst, item.isLast]] : []));
  expect(edges).toEqual([
    [true, false],
    [false, true],
    [true, true],
    [true, true],
    [true, true],
  ]);
});

test("the line for new messages stands before the first of theirs that was not read", () => {
  const messages = [message(1), message(2, { own: true, sender: ben }), message(3), message(4)];
  expect(outline(timeline({ ...sources, messages, readUpTo: 1 }))).toEqual(["day", "m1", "m2", "unread", "m3", "m4"]);
  expect(outline(timeline({ ...sources, messages, readUpTo: null }))).not.toContain("unread");
});

test("what happened before the loaded messages waits for them", () => {
  const history = [entry(1)];
  const messages = [message(5)];
  expect(timeline({ ...sources, messages, history, isComplete: false }).map((item) => item.kind)).toEqual([
    "day",
    "message",
  ]);
  expect(timeline({ ...sources, messages, history }).map((item) => item.kind)).toEqual(["day", "event", "message"]);
});

test("each day begins with its name", () => {
  const messages = [message(1), message(2, { timestamp: "2026-03-03T12:00:00.000Z" })];
  expect(timeline({ ...sources, messages }).map((item) => item.kind)).toEqual(["day", "message", "day", "message"]);
});

test("what is told twice is shown once", () => {
  const history = [
    entry(2, { kind: "note_added", data: {} }),
    entry(3, { actor_id: null, data: { support_id: "ben" } }),
    entry(3, { actor_id: null, kind: "ticket_assigned", data: { support_id: "ben" } }),
  ];
  const kinds = timeline({ ...sources, history }).flatMap((item) => (item.kind === "event" ? [item.entry.kind] : []));
  expect(kinds).toEqual(["ticket_assigned"]);
});
