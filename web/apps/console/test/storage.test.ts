// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";

const refuse = () => {
  throw new DOMException("no", "SecurityError");
};
const full = { length: 0, key: () => null, getItem: () => null, setItem: refuse, removeItem: () => {} };
const own = Object.getOwnPropertyDescriptor(globalThis, "localStorage") as PropertyDescriptor;
const replace = (storage: PropertyDescriptor) => Object.defineProperty(globalThis, "localStorage", storage);
const forbidden = { get: refuse, configurable: true };
const load = () => import("../src/browser/storage");

beforeEach(() => {
  localStorage.clear();
  vi.resetModules();
});
afterEach(() => replace(own));

test("what is kept is in the browser's storage", async () => {
  const { keep, kept, keptKeys } = await load();
  keep("a", "1");
  keep("b", "2");
  keep("b", null);
  expect([localStorage.getItem("a"), kept("a"), kept("b"), keptKeys()]).toEqual(["1", "1", null, ["a"]]);
});

test.each([
  ["forbidden", forbidden],
  ["full", { value: full, configurable: true }],
])("where it is %s, it is kept as long as the page", async (_, storage) => {
  replace(storage);
  const { keep, kept, keptKeys } = await load();
  keep("a", "1");
  keep("b", "2");
  keep("b", null);
  expect([kept("a"), kept("b"), kept("c"), keptKeys()]).toEqual(["1", null, null, ["a"]]);
});

test("preferences and one's status do without it, too", async () => {
  replace(forbidden);
  const { preferences, setPreferences } = await import("../src/browser/preferences");
  const { setOwnStatus } = await import("../src/browser/own-status");
  setPreferences({ sound: false });
  expect(preferences().sound).toBe(false);
  expect(() => setOwnStatus("busy")).not.toThrow();
});
