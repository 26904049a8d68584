// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { flashTitle, restoreTitle } from "../src/attention";

const look = (state: string) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
};

beforeEach(() => {
  vi.useFakeTimers();
  document.title = "Shop";
  look("hidden");
});
afterEach(() => {
  restoreTitle();
  vi.useRealTimers();
});

test("the title takes turns until the page is looked at", () => {
  flashTitle("New message");
  expect(document.title).toBe("New message");
  vi.advanceTimersByTime(1_200);
  expect(document.title).toBe("Shop");
  vi.advanceTimersByTime(1_200);
  expect(document.title).toBe("New message");
  look("visible");
  expect(document.title).toBe("Shop");
  vi.advanceTimersByTime(10_000);
  expect(document.title).toBe("Shop");
});

test("two messages keep the page's own title in mind", () => {
  flashTitle("New message · Ben");
  flashTitle("New message · Chloé");
  expect(document.title).toBe("New message · Chloé");
  look("visible");
  expect(document.title).toBe("Shop");
});

test("a title that the page has changed meanwhile stays", () => {
  flashTitle("New message");
  document.title = "Basket (1)";
  vi.advanceTimersByTime(2_400);
  look("visible");
  expect(document.title).toBe("Basket (1)");
});

test("nobody is disturbed who is looking", () => {
  look("visible");
  vi.spyOn(document, "hasFocus").mockReturnValue(true);
  flashTitle("New message");
  expect(document.title).toBe("Shop");
});
