/** The built loader, run in a page made of the few things it touches. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { expect, inject, test } from "vitest";

type Listener = () => void;
const code = readFileSync(join(inject("built"), "widget.js"), "utf8");

function page(
  globals: Record<string, unknown> = {},
  src = "https://chat.example.com/widget.js",
  readyState = "complete",
) {
  const fetched: string[] = [];
  const told: { type: string; detail: { code: string } }[] = [];
  const started: { calls: unknown[][]; server: string; nonce: string }[] = [];
  const idle: Listener[] = [];
  const onLoad: Listener[] = [];
  let isBroken = false;
  const window: Record<string, unknown> = { requestIdleCallback: (work: Listener) => idle.push(work), ...globals };
  const document = {
    currentScript: { src, nonce: "abc" },
    readyState,
    dispatchEvent: (event: { type: string; detail: { code: string } }) => told.push(event),
  };
  const app = { start: (calls: unknown[][], server: string, nonce: string) => started.push({ calls, server, nonce }) };
  const run = () =>
    runInNewContext(code.replace("import(", "importModule("), {
      window,
      document,
      Array,
      setTimeout: (work: Listener) => idle.push(work),
      addEventListener: (_type: string, work: Listener) => onLoad.push(work),
      CustomEvent: class {
        constructor(
          readonly type: string,
          readonly init: { detail: unknown },
        ) {}
      },
      importModule: async (address: string) => {
        fetched.push(address);
        if (isBroken) throw new Error("offline");
        return app;
      },
    });
  run();
  return {
    window: window as Record<string, unknown> & { SmileChat: (...call: unknown[]) => void },
    fetched,
    told,
    started,
    idle,
    onLoad,
    run,
    breakNetwork: (broken: boolean) => {
      isBroken = broken;
    },
  };
}

const settled = () => new Promise((done) => setImmediate(done));

test("with SmileChatConfig it boots by itself, once the page is idle", async () => {
  const { fetched, idle, started } = page({ SmileChatConfig: { apiKey: "pk_1" } });
  expect(fetched).toEqual([]);
  for (const work of idle) work();
  await settled();
  expect(fetched).toHaveLength(1);
  expect(fetched[0]).toMatch(/^https:\/\/chat\.example\.com\/widget\/app-[\w-]+\.js$/);
  expect(started).toEqual([{ calls: [["boot"]], server: "https://chat.example.com", nonce: "abc" }]);
});

test("while the page is still loading it waits for the end of that", () => {
  const { idle, onLoad } = page({ SmileChatConfig: {} }, undefined, "interactive");
  expect(idle).toHaveLength(0);
  expect(onLoad).toHaveLength(1);
});

test("without a configuration it waits to be called", async () => {
  const { window, fetched, idle, started } = page();
  expect([fetched, idle]).toEqual([[], []]);
  window.SmileChat("boot", { apiUrl: "https://other.example.com/" });
  window.SmileChat("open");
  await settled();
  expect(started).toEqual([
    {
      calls: [["boot", { apiUrl: "https://other.example.com/" }], ["open"]],
      server: "https://other.example.com",
      nonce: "abc",
    },
  ]);
});

test("calls made before it was there come after the boot, in their order", async () => {
  const stub = Object.assign(() => {}, { q: [["on", "unread"], ["open"]] });
  const { started } = page({ SmileChat: stub, SmileChatConfig: {} });
  await settled();
  expect(started[0]?.calls).toEqual([["boot"], ["on", "unread"], ["open"]]);
});

test.each([
  ["https://cdn.example.com/widget.js?v=2", "https://cdn.example.com"],
  ["https://cdn.example.com/widget/loader-abc123.js", "https://cdn.example.com"],
  ["https://example.com/chat/widget.js", "https://example.com/chat"],
])("the server of %s is %s", async (src, server) => {
  const { window, started } = page({}, src);
  window.SmileChat("open");
  await settled();
  expect(started[0]?.server).toBe(server);
});

test("apiUrl comes before the script's own address", async () => {
  const { idle, started } = page({ SmileChatConfig: { apiUrl: "https://api.example.com" } });
  for (const work of idle) work();
  await settled();
  expect(started[0]?.server).toBe("https://api.example.com");
});

test("the script twice is one widget", async () => {
  const { window, run, idle } = page({ SmileChatConfig: {} });
  const first = window.SmileChat;
  run();
  expect(window.SmileChat).toBe(first);
  expect(idle).toHaveLength(1);
});

test("an app that cannot be fetched is told, and tried again at the next call", async () => {
  const { window, fetched, told, started, breakNetwork } = page();
  breakNetwork(true);
  window.SmileChat("open");
  await settled();
  expect(told).toMatchObject([{ type: "smilechat:error", init: { detail: { code: "load_failed" } } }]);
  breakNetwork(false);
  window.SmileChat("open");
  await settled();
  expect(fetched).toHaveLength(2);
  expect(started[0]?.calls).toEqual([["open"], ["open"]]);
});
