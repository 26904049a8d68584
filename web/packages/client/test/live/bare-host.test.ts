/** The package in a realm that has what React Native offers and nothing of a browser's page or of Node. */
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import type * as Package from "../../src/index.js";
import { newTicket, shown, support, texts } from "../harness/people.js";
import { type Server, startServer } from "../harness/server.js";

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

/** As a bundler for React Native makes it: its conditions, the packages' `browser` fields, nothing left to import. */
async function bundle(): Promise<string> {
  const made = await rolldown({
    input: fileURLToPath(new URL("../../src/index.ts", import.meta.url)),
    platform: "neutral",
    logLevel: "silent",
    resolve: {
      conditionNames: ["react-native", "import", "default"],
      mainFields: ["react-native", "browser", "module", "main"],
      aliasFields: [["browser"]],
    },
  });
  const { output } = await made.generate({ format: "iife", name: "smilechat", codeSplitting: false });
  await made.close();
  expect(output.map(({ type }) => type)).toEqual(["chunk"]);
  expect(output[0].imports).toEqual([]);
  return output[0].code;
}

test("a conversation is held where there is no window, no document, no storage, no process and no Buffer", async () => {
  const { setTimeout, clearTimeout, setInterval, clearInterval, fetch, FormData, Blob, AbortController, URL } =
    globalThis;
  const timers = { setTimeout, clearTimeout, setInterval, clearInterval };
  const offered = { ...timers, fetch, FormData, Blob, AbortController, URL, WebSocket };
  const realm = createContext({ ...offered, console, navigator: { product: "ReactNative" } });
  const absent = ["window", "document", "localStorage", "process", "Buffer", "require", "crypto", "location"];
  expect(runInContext(`[${absent.map((name) => `typeof ${name}`)}].join()`, realm)).toBe(
    absent.map(() => "undefined").join(),
  );
  const { createClient } = runInContext(`${await bundle()}\nsmilechat`, realm) as typeof Package;

  const kept = new Map<string, string>();
  const maria = createClient({
    url: server.url,
    // As AsyncStorage answers: by promise.
    storage: {
      get: async (key) => kept.get(key) ?? null,
      set: async (key, value) => void kept.set(key, value),
      remove: async (key) => void kept.delete(key),
    },
  });
  await maria.session.register({ username: "maria", password: "correct horse battery", name: "Maria" });
  const hers = maria.newConversation({ subject: "Where is my parcel?" });
  hers.open();
  await hers.send("It should be here by now.");
  await expect.poll(() => shown(hers)).toEqual(["sent It should be here by now."]);
  await expect.poll(() => maria.connection.get()).toBe("live");

  const ben = await support(server);
  const his = ben.conversation(hers.ticketId.get() ?? "");
  his.open();
  await his.send("It is on its way.");
  await expect.poll(() => texts(hers)).toEqual(["It should be here by now.", "It is on its way."]);
  maria.setOnline(true);
  maria.wake();
  hers.markRead();
  await expect.poll(() => his.messages.get().at(-1)?.state).toBe("read");
  expect((await newTicket(maria, "Another")).subject).toBe("Another");
  expect([...kept.keys()]).toContain("smilechat:session");
  maria.close();
});
