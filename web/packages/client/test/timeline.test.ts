import { expect, test } from "vitest";
import type { Message } from "../src/index.js";
import { createTimeline } from "../src/timeline.js";

const message = (seq: number, more: Partial<Message> = {}): Message => ({
  message_id: `t.${seq}`,
  ticket_id: "t",
  sender_id: "me",
  sender: { id: "me", name: "Maria", role: "customer", avatar_url: null },
  seq,
  message_content: `message ${seq}`,
  kind: "text",
  attachments: [],
  client_id: null,
  is_read: false,
  read_at: null,
  delivered_at: null,
  timestamp: "2026-01-01T00:00:00.000Z",
  ...more,
});
const seqs = (timeline: ReturnType<typeof createTimeline>) => timeline.list().map(({ seq }) => seq);

test("in whatever order and however often they come: each once, by seq, and a hole shows", () => {
  const timeline = createTimeline(() => true);
  timeline.take([message(3), message(5)]);
  expect([seqs(timeline), timeline.last(), timeline.hasHole()]).toEqual([[3, 5], 3, true]);
  timeline.take([message(5), message(4), message(3)]);
  expect([seqs(timeline), timeline.last(), timeline.hasHole()]).toEqual([[3, 4, 5], 5, false]);
});

test("marks never go back, and what did not change is the same object", () => {
  const timeline = createTimeline(() => true);
  timeline.take([message(1), message(2)]);
  const [one] = timeline.list();
  timeline.take([message(1)]);
  expect(timeline.list()[0]).toBe(one);
  const at = "2026-01-01T00:00:01.000Z";
  timeline.delivered({ ticket_id: "t", up_to_seq: 2, message_ids: ["t.1", "t.2"], delivered_at: at });
  timeline.read({ ticket_id: "t", reader_id: "other", up_to_seq: 1, message_ids: ["t.1"], read_at: at });
  timeline.take([message(1), message(2)]);
  expect(timeline.list().map(({ is_read, delivered_at }) => [is_read, delivered_at])).toEqual([
    [true, at],
    [false, at],
  ]);
});

test("a new join looks back to what was unread, for a page at most", () => {
  const timeline = createTimeline(() => true);
  expect(timeline.rejoinAfter()).toBe(0);
  timeline.take(Array.from({ length: 10 }, (_, place) => message(place + 1, { is_read: place < 6 })));
  expect(timeline.rejoinAfter()).toBe(6);
  timeline.take(Array.from({ length: 300 }, (_, place) => message(place + 11, { is_read: place > 100 })));
  expect(timeline.rejoinAfter()).toBe(110);
});
