import type { ConversationMessage } from "@smilechat/client";
import { expect, test } from "vitest";
import { isEmojiOnly, rowsOf } from "../src/rows";
import { dayAndClock } from "../src/time";

let count = 0;
function message(time: string, sender: string, kind: ConversationMessage["kind"] = "text"): ConversationMessage {
  count += 1;
  return {
    key: `k${count}`,
    state: sender === "me" ? "sent" : "received",
    own: sender === "me",
    message_id: `m${count}`,
    seq: count,
    sender: { id: sender, name: sender, role: sender === "me" ? "customer" : "support", avatar_url: null },
    message_content: "text",
    kind,
    attachments: [],
    timestamp: `${time}:00.000Z`,
    error: null,
  };
}

const shape = (messages: ConversationMessage[]) =>
  rowsOf(messages).map((row) =>
    row.kind === "group" ? `${row.own ? "own" : "other"} ${row.messages.length}` : row.kind,
  );

test("one person within five minutes is one group", () => {
  expect(
    shape([
      message("2026-03-02T12:00", "ben"),
      message("2026-03-02T12:02", "ben"),
      message("2026-03-02T12:03", "me"),
      message("2026-03-02T12:04", "ben"),
      message("2026-03-02T12:20", "ben"),
    ]),
  ).toEqual(["time", "other 2", "own 1", "other 1", "other 1"]);
});

test("the time is told after a long pause and on another day", () => {
  expect(
    shape([message("2026-03-02T12:00", "me"), message("2026-03-02T13:00", "me"), message("2026-03-04T12:30", "me")]),
  ).toEqual(["time", "own 1", "time", "own 1", "time", "own 1"]);
});

test("an event stands alone and parts a group", () => {
  expect(
    shape([
      message("2026-03-02T12:00", "ben"),
      message("2026-03-02T12:00", "ben", "event"),
      message("2026-03-02T12:01", "ben"),
    ]),
  ).toEqual(["time", "other 1", "event", "other 1"]);
});

test("every message is in one row, and keys differ", () => {
  const messages = Array.from({ length: 60 }, (_, index) =>
    message(`2026-03-0${1 + (index % 2)}T12:${10 + (index % 50)}`, index % 3 ? "me" : "ben"),
  );
  const rows = rowsOf(messages);
  expect(rows.flatMap((row) => (row.kind === "group" ? row.messages : []))).toEqual(messages);
  expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length);
});

test.each([
  ["👍", true],
  ["👍🏽 🎉", true],
  ["❤️", true],
  ["👩‍👩‍👧", true],
  ["🎉🎉🎉🎉", false],
  ["ok 👍", false],
  ["3", false],
  ["", false],
])("%s alone is shown large: %s", (text, large) => {
  expect(isEmojiOnly(text)).toBe(large);
});

test("days are named as the reader's language does", () => {
  const at = (text: string) => new Date(text).getTime();
  const now = at("2026-03-05T18:00:00");
  expect(dayAndClock(at("2026-03-05T09:05:00"), now, "en")).toMatch(/^Today 9:05\sAM$/);
  expect(dayAndClock(at("2026-03-04T23:59:00"), now, "de")).toBe("Gestern 23:59");
  expect(dayAndClock(at("2026-02-03T09:05:00"), now, "en")).toMatch(/^Tue, Feb 3 9:05\sAM$/);
  expect(dayAndClock(at("2025-02-03T09:05:00"), now, "fr")).toContain("2025");
});
