// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { forgetDrafts, hasDraft, onDrafts, readDraft, writeDraft } from "../src/tickets/drafts";

const reply = (ticketId: string, userId = "ben") => ({ userId, ticketId, kind: "reply" }) as const;
const note = (ticketId: string, userId = "ben") => ({ userId, ticketId, kind: "note" }) as const;

beforeEach(() => localStorage.clear());
afterEach(() => vi.unstubAllGlobals());

test("a draft outlives the page, apart for replies and notes", async () => {
  writeDraft(reply("t1"), "Dear Maria,");
  writeDraft(note("t1"), "ask the carrier");
  vi.resetModules();
  const later = await import("../src/tickets/drafts");
  expect(later.readDraft(reply("t1"))).toBe("Dear Maria,");
  expect(later.readDraft(note("t1"))).toBe("ask the carrier");
  expect(later.readDraft(reply("t2"))).toBe("");
  expect([later.hasDraft("ben", "t1"), later.hasDraft("ben", "t2")]).toEqual([true, false]);
});

test("what is emptied or only white space is no draft", () => {
  writeDraft(reply("t1"), "Dear");
  writeDraft(reply("t1"), " \n");
  expect(hasDraft("ben", "t1")).toBe(false);
  expect(localStorage).toHaveLength(0);
});

test("nobody sees what another has written on the same browser", () => {
  writeDraft(reply("t1"), "Between us:");
  expect([readDraft(reply("t1", "chloe")), hasDraft("chloe", "t1")]).toEqual(["", false]);
  writeDraft(reply("t1", "chloe"), "Hello");
  forgetDrafts("chloe");
  expect([readDraft(reply("t1")), readDraft(reply("t1", "chloe"))]).toEqual(["Between us:", ""]);
});

test("listeners hear of a beginning and an end, not of every letter", () => {
  const heard = vi.fn();
  const stop = onDrafts(heard);
  for (const text of ["D", "De", "Dear", ""]) writeDraft(reply("t1"), text);
  expect(heard).toHaveBeenCalledTimes(2);
  stop();
  writeDraft(reply("t1"), "again");
  expect(heard).toHaveBeenCalledTimes(2);
});

test("signing out forgets all drafts of one's own and nothing else", () => {
  localStorage.setItem("other", "stays");
  writeDraft(reply("t1"), "one");
  writeDraft(note("t2"), "two");
  forgetDrafts("ben");
  expect([hasDraft("ben", "t1"), hasDraft("ben", "t2"), localStorage.getItem("other")]).toEqual([
    false,
    false,
    "stays",
  ]);
});
