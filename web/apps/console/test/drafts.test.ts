// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";
import { createDrafts } from "../src/tickets/drafts";

beforeEach(() => localStorage.clear());

test("a draft outlives the page, apart for replies and notes", () => {
  createDrafts(localStorage).write("t1", "reply", "Dear Maria,");
  createDrafts(localStorage).write("t1", "note", "ask the carrier");
  const later = createDrafts(localStorage);
  expect(later.read("t1", "reply")).toBe("Dear Maria,");
  expect(later.read("t1", "note")).toBe("ask the carrier");
  expect(later.read("t2", "reply")).toBe("");
  expect([later.has("t1"), later.has("t2")]).toEqual([true, false]);
});

test("what is emptied or only white space is no draft", () => {
  const drafts = createDrafts(localStorage);
  drafts.write("t1", "reply", "Dear");
  drafts.write("t1", "reply", " \n");
  expect(drafts.has("t1")).toBe(false);
  expect(localStorage).toHaveLength(0);
});

test("listeners hear of a beginning and an end, not of every letter", () => {
  const drafts = createDrafts(localStorage);
  const heard = vi.fn();
  const stop = drafts.subscribe(heard);
  for (const text of ["D", "De", "Dear", ""]) drafts.write("t1", "reply", text);
  expect(heard).toHaveBeenCalledTimes(2);
  stop();
  drafts.write("t1", "reply", "again");
  expect(heard).toHaveBeenCalledTimes(2);
});

test("signing out forgets all drafts and nothing else", () => {
  const drafts = createDrafts(localStorage);
  localStorage.setItem("other", "stays");
  drafts.write("t1", "reply", "one");
  drafts.write("t2", "note", "two");
  drafts.clear();
  expect([drafts.has("t1"), drafts.has("t2"), localStorage.getItem("other")]).toEqual([false, false, "stays"]);
});

test("a full storage stops nobody from writing", () => {
  const full = {
    length: 0,
    key: () => null,
    getItem: () => null,
    removeItem: () => {},
    setItem: () => {
      throw new DOMException("full", "QuotaExceededError");
    },
  };
  expect(() => createDrafts(full).write("t1", "reply", "text")).not.toThrow();
});
