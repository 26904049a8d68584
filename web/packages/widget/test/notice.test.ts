// @vitest-environment happy-dom
import { h, render } from "preact";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { texts as arabic } from "../src/languages/ar";
import { en } from "../src/languages/en";
import type { WidgetState } from "../src/state";
import { Notice } from "../src/view/Notice";

type Connection = "offline" | "catching_up" | "live";

const value = <T>(now: T) => ({ get: () => now, subscribe: () => () => {} });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  render(null, document.body);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** What is told of a conversation once its state has lasted. */
async function told(connection: Connection, texts = en): Promise<string | null> {
  const conversation = { connection: value(connection), ticketId: value("ticket") };
  const now = { conversation, language: { texts } } as unknown as WidgetState;
  render(h(Notice, { now, failure: null, onDismiss: () => {} }), document.body);
  await vi.advanceTimersByTimeAsync(5_000);
  return document.querySelector("[role=status]")?.textContent || null;
}

test.each([
  ["offline", en.noNetwork],
  ["catching_up", en.catchingUp],
  ["live", null],
] as const)("of a conversation that is %s it says: %s", async (connection, text) => {
  expect(await told(connection)).toBe(text);
});

test("it says so in the visitor's language", async () => {
  expect(await told("catching_up", arabic)).toBe(arabic.catchingUp);
});

test("a browser that knows of no network is offline, whatever the socket believes", async () => {
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
  expect(await told("live")).toBe(en.noNetwork);
});
