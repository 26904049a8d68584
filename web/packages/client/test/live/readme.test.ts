/** The examples of README.md: each one compiles, and does what it says. The browser's is run by tests/browser. */
import { execFile, execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { Window } from "happy-dom";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { newTicket, support } from "../harness/people.js";
import { bundle, example, folder, put } from "../harness/readme.js";
import { type Server, startServer } from "../harness/server.js";

let server: Server;
let place: string;
beforeAll(async () => {
  place = folder();
  server = await startServer();
});
afterAll(async () => {
  rmSync(place, { recursive: true });
  await server.stop();
});

/** What the packages of React Native say of themselves, as far as the example uses it. */
const NATIVE = `
declare module "@react-native-async-storage/async-storage" {
  const AsyncStorage: {
    getItem(key: string): Promise<string | null>;
    setItem(key: string, value: string): Promise<void>;
    removeItem(key: string): Promise<void>;
  };
  export default AsyncStorage;
}
declare module "@react-native-community/netinfo" {
  const NetInfo: { addEventListener(listener: (state: { isConnected: boolean | null }) => void): () => void };
  export default NetInfo;
}
declare module "react-native" {
  export const AppState: { addEventListener(type: "change", listener: (state: string) => void): { remove(): void } };
}
`;

const SETTINGS = {
  extends: "../../../../tsconfig.json",
  compilerOptions: { jsx: "react-jsx", lib: ["ES2022", "DOM", "DOM.Iterable"], types: ["react"] },
  files: ["browser.ts", "chat.tsx", "native.ts", "modules.d.ts"],
};

test("they compile", () => {
  put(place, {
    "browser.ts": example("In a browser"),
    "chat.tsx": example("In React"),
    "native.ts": example("In React Native"),
    "modules.d.ts": NATIVE,
    "tsconfig.json": JSON.stringify(SETTINGS),
  });
  const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  try {
    execFileSync(process.execPath, [compiler, "-p", place], { encoding: "utf8" });
  } catch (failure) {
    expect.fail((failure as { stdout: string }).stdout);
  }
});

test("the script prints what the page says that it prints", async () => {
  server.fillDemo();
  put(place, { "first.js": example("In Node") });
  const script = await bundle(place, "first.js");
  const { stdout } = await promisify(execFile)(process.execPath, [script], {
    env: { ...process.env, SMILECHAT_URL: server.url },
    timeout: 30_000,
  });
  // The shop's bot may say that it passes this on, if it is quicker than Ben.
  expect(stdout.replace(/^Lantern: .*\n/m, "")).toBe(
    "Maria Santos: Order 20480 should be here by now.\nBen Okafor: It is on the van, about an hour away.\n",
  );
});

test("the component of React shows a conversation and writes into it", async () => {
  put(place, { "chat.tsx": example("In React") });
  const module = await bundle(place, "chat.tsx", ["react", "react/jsx-runtime"]);
  const ben = await support(server);
  const conversation = ben.conversation((await newTicket(ben)).ticket_id);

  const window = new Window();
  // Until the end: React tidies up when it likes.
  vi.stubGlobal("window", window);
  vi.stubGlobal("document", window.document);
  vi.stubGlobal("navigator", window.navigator);
  // React is there by the console, which shares the workspace.
  const [{ createElement }, { createRoot }, { Chat }] = await Promise.all(
    ["react", "react-dom/client", module].map((name) => import(/* @vite-ignore */ name)),
  );
  const page = createRoot(window.document.body as never);
  page.render(createElement(Chat, { conversation }));
  const { body } = window.document;
  await expect.poll(() => body.querySelector("input")).not.toBeNull();
  await conversation.send("Hello from React");
  await expect.poll(() => body.querySelector("li")?.textContent).toMatch(/: Hello from React \(sent\)$/);
  await expect.poll(() => body.querySelector("p")).toBeNull();
  page.unmount();
  await expect.poll(() => conversation.connection.get()).toBe("offline");
});
