import { expect, test } from "vitest";
import type { Ticket } from "../src/backend/types";
import { flatten, place, remove, type TicketPages } from "../src/tickets/placement";
import { at, ticket } from "./fixtures";

const numbered = (id: string, minute: number, patch: Partial<Ticket> = {}) =>
  ticket({ ticket_id: id, updated_at: at(minute), ...patch });

function pages(hasMore: boolean, ...rows: Ticket[][]): TicketPages {
  const last = rows.length - 1;
  return {
    pages: rows.map((data, index) => ({ data, next_cursor: index < last || hasMore ? `after ${index}` : null })),
    pageParams: rows.map(() => ""),
  };
}

const order = (list: TicketPages) => flatten(list.pages).map((row) => row.ticket_id);

test("a ticket with news moves to the top, once", () => {
  const list = pages(false, [numbered("a", 9), numbered("b", 8)], [numbered("c", 7)]);
  const next = place(list, numbered("c", 10), true);
  expect(order(next)).toEqual(["c", "a", "b"]);
  expect(next.pages.flatMap((page) => page.data)).toHaveLength(3);
});

test("one that belongs here no more is gone, and one that never did does not come", () => {
  const list = pages(false, [numbered("a", 9), numbered("b", 8)]);
  expect(order(place(list, numbered("b", 10), false))).toEqual(["a"]);
  expect(order(place(list, numbered("z", 10), false))).toEqual(["a", "b"]);
});

test("a search changes what it shows and takes nothing in", () => {
  const list = pages(false, [numbered("a", 9)]);
  expect(order(place(list, numbered("z", 10), null))).toEqual(["a"]);
  const next = place(list, numbered("a", 10, { priority: "high" }), null);
  expect(next.pages[0]?.data[0]?.priority).toBe("high");
});

test("older news than what is shown change nothing", () => {
  const list = pages(false, [numbered("a", 9, { priority: "high" })]);
  expect(place(list, numbered("a", 8), true)).toBe(list);
});

test("what lies beyond the loaded end waits for its page, and where there is no more it is the last", () => {
  const old = numbered("z", 1);
  expect(order(place(pages(true, [numbered("a", 9)]), old, true))).toEqual(["a"]);
  expect(order(place(pages(false, [numbered("a", 9)]), old, true))).toEqual(["a", "z"]);
  expect(order(place(pages(false, []), old, true))).toEqual(["z"]);
});

test("a ticket on two pages is shown once, in its newer state", () => {
  const list = pages(false, [numbered("c", 10, { priority: "high" }), numbered("a", 9)], [numbered("c", 7)]);
  expect(order(list)).toEqual(["c", "a"]);
  expect(flatten(list.pages)[0]?.priority).toBe("high");
});

test("a deleted ticket leaves every page", () => {
  expect(order(remove(pages(false, [numbered("a", 9)], [numbered("b", 8)]), "b"))).toEqual(["a"]);
});
