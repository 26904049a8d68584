// @vitest-environment happy-dom
/** The commands of `window.SmileChat`, on a widget that only notes what it is asked. */
import { beforeEach, expect, test, vi } from "vitest";
import { start } from "../src/app";
import type { Call } from "../src/config";
import { tell } from "../src/events";

const asked: unknown[][] = [];
let boot: () => Promise<void>;

vi.mock("../src/widget", () => ({
  createWidget: () => ({
    boot: async (...given: unknown[]) => {
      asked.push(["boot", ...given]);
      await boot();
    },
    ...Object.fromEntries(
      ["update", "identify", "shutdown", "open", "close", "toggle"].map((name) => [
        name,
        (...given: unknown[]) => void asked.push([name, ...given]),
      ]),
    ),
  }),
}));

beforeEach(() => {
  asked.length = 0;
  boot = async () => {};
});

const settled = () => new Promise((done) => setTimeout(done));

test("calls are carried out in order, each after the one before", async () => {
  let finishBoot = () => {};
  boot = () =>
    new Promise((done) => {
      finishBoot = done;
    });
  const calls: Call[] = [["boot", { apiKey: "pk_1" }], ["open"]];
  start(calls, "https://chat.example.com");
  calls.push(["identify", { token: "t" }], ["toggle"]);
  await settled();
  expect(asked).toEqual([["boot", { apiKey: "pk_1" }]]);
  finishBoot();
  await settled();
  expect(asked.slice(1)).toEqual([["open"], ["identify", { token: "t" }], ["toggle"]]);
});

test("a command that fails is told and does not hold up the next", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  boot = () => Promise.reject(Object.assign(new Error("The API key is not accepted."), { code: "refused" }));
  const told: unknown[] = [];
  document.addEventListener("smilechat:error", (event) => told.push((event as CustomEvent).detail), { once: true });
  start([["boot"], ["open"]], "");
  await settled();
  expect(told).toEqual([{ code: "refused", message: "The API key is not accepted." }]);
  expect(asked.map(([name]) => name)).toEqual(["boot", "open"]);
});

test.each(["constructor", "__proto__", "bot", undefined])("%s is no command", async (name) => {
  const told: string[] = [];
  document.addEventListener("smilechat:error", (event) => told.push((event as CustomEvent).detail.code), {
    once: true,
  });
  start([[name]], "");
  await settled();
  expect([told, asked]).toEqual([["unknown_command"], []]);
});

test("on and off: listeners and DOM events hear the same", async () => {
  const heard: unknown[] = [];
  const first = (detail: unknown) => heard.push(["first", detail]);
  const second = () => {
    throw new Error("a page's mistake");
  };
  const third = (detail: unknown) => heard.push(["third", detail]);
  vi.spyOn(console, "error").mockImplementation(() => {});
  window.addEventListener("smilechat:unread", (event) => heard.push(["dom", (event as CustomEvent).detail]));
  start(
    [
      ["on", "unread", first],
      ["on", "unread", second],
      ["on", "unread", third],
    ],
    "",
  );
  await settled();
  tell("unread", { count: 2 });
  expect(heard).toEqual([
    ["dom", { count: 2 }],
    ["first", { count: 2 }],
    ["third", { count: 2 }],
  ]);
  start(
    [
      ["off", "unread", first],
      ["off", "unread", second],
    ],
    "",
  );
  await settled();
  tell("unread", { count: 3 });
  expect(heard.slice(3)).toEqual([
    ["dom", { count: 3 }],
    ["third", { count: 3 }],
  ]);
  start([["off", "unread"]], "");
  await settled();
});
