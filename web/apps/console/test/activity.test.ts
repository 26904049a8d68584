import { expect, test } from "vitest";
import { mergeActivity, mergeUpdate } from "../src/tickets/activity";
import { at, ticket } from "./fixtures";

const known = ticket({ status: "in_progress", support_id: "ben", updated_at: at(5), last_seq: 3, unread_count: 1 });

const activity = (minute: number, last_seq: number, unread_count: number) => ({
  ticket_id: known.ticket_id,
  last_seq,
  unread_count,
  updated_at: at(minute),
  last_message: null,
});

test("news move a ticket on and leave what they do not hold", () => {
  const moved = mergeActivity(known, activity(6, 4, 2));
  expect(moved).toEqual({ ...known, updated_at: at(6), last_seq: 4, unread_count: 2 });
  expect(mergeActivity(known, activity(5, 3, 0))).toEqual({ ...known, unread_count: 0 });
});

test("news that are older than what is known change nothing", () => {
  expect(mergeActivity(known, activity(4, 2, 9))).toBe(known);
});

test("a change that comes after the news of a later message still counts", () => {
  const closed = ticket({ status: "closed", updated_at: at(4), last_seq: 2, unread_count: 9 });
  expect(mergeUpdate(known, closed)).toEqual({ ...closed, updated_at: at(5), last_seq: 3, unread_count: 1 });
  const later = { ...closed, updated_at: at(6) };
  expect(mergeUpdate(known, later)).toBe(later);
  expect(mergeUpdate(undefined, closed)).toBe(closed);
});
