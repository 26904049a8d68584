/** What is served: the names that the server expects, the budgets, and nothing that a strict policy would refuse. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, inject, test } from "vitest";

interface Chunk {
  file: string;
  isEntry?: boolean;
  imports?: string[];
  dynamicImports?: string[];
}

const folder = inject("built");
const manifest: Record<string, Chunk> = JSON.parse(readFileSync(join(folder, ".vite/manifest.json"), "utf8"));
const read = (file: string) => readFileSync(join(folder, file), "utf8");
const weight = (file: string) => gzipSync(read(file), { level: 9 }).length;
const chunk = (name: string): Chunk => manifest[name] ?? expect.fail(`${name} is not in the manifest`);

/** A part with everything that has to be there before it runs. */
function withImports(name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  for (const needed of chunk(name).imports ?? []) withImports(needed, found);
  return found;
}

/** Comes with the first message or file, with an earlier conversation, where a bot or a help centre is, or with a refusal. */
const LATER = [
  "src/chat.ts",
  "src/view/Attachment.tsx",
  "src/view/Rating.tsx",
  "src/guide/index.tsx",
  "src/refusal.ts",
];

describe("the budgets", () => {
  test("the loader has at most 1 KB", () => {
    expect(weight("widget.js")).toBeLessThanOrEqual(1_000);
  });

  test("everything until the first message or file has at most 25 KB", () => {
    const later = (chunk("src/app.ts").dynamicImports ?? []).filter((name) => !LATER.includes(name));
    const languages = later.filter((name) => name.startsWith("src/languages/"));
    const heaviest = languages.toSorted((a, b) => weight(chunk(b).file) - weight(chunk(a).file)).slice(0, 1);
    const others = later.filter((name) => !languages.includes(name));
    const files = new Set(["src/app.ts", ...heaviest, ...others].flatMap((name) => [...withImports(name)]));
    const total = [...files].reduce((sum, name) => sum + weight(chunk(name).file), weight("widget.js"));
    expect(languages).toHaveLength(6);
    expect(others).toEqual(["src/view/EmojiPicker.tsx"]);
    expect(total).toBeLessThanOrEqual(25_000);
  });

  test("what a bot or a help centre brings has at most 8 KB, and nothing of the client", () => {
    const files = [...withImports("src/guide/index.tsx")].filter((name) => name !== "src/app.ts");
    expect(files).toEqual(["src/guide/index.tsx"]);
    expect(weight(chunk("src/guide/index.tsx").file)).toBeLessThanOrEqual(8_000);
  });

  test("the client and its sockets are no part of it", () => {
    const speaksOf = (name: string, word: string) => read(chunk(name).file).includes(word);
    expect([...withImports("src/app.ts")]).toEqual(["src/app.ts"]);
    expect(speaksOf("src/app.ts", "/api/auth/")).toBe(false);
    expect(speaksOf("src/chat.ts", "/api/auth/")).toBe(true);
    for (const name of withImports("src/chat.ts")) expect(speaksOf(name, "socket.io"), name).toBe(false);
  });
});

describe("the files", () => {
  const assets = readdirSync(join(folder, "assets"));

  test("have hashed names in one folder, but for the loader", () => {
    expect(readdirSync(folder).filter((name) => !name.startsWith("."))).toEqual(["assets", "widget.js"]);
    for (const name of assets) expect(name).toMatch(/^[\w-]+-[\w-]{8}\.js$/);
  });

  test("find each other wherever they are served", () => {
    for (const name of assets) {
      const from = /(?:\bfrom\s*|\bimport\s*\(?\s*)[`"']([^`"']+)[`"']/g;
      for (const [, address] of read(`assets/${name}`).matchAll(from)) {
        expect(address, name).toMatch(/^\.\/[\w-]+\.js$/);
        expect(assets).toContain(address?.slice(2));
      }
    }
  });

  test("the loader is a classic script that knows the app's name", () => {
    const loader = read("widget.js");
    expect(loader).not.toMatch(/^\s*(import|export)\s/m);
    expect(loader).toContain(`/widget/${chunk("src/app.ts").file.replace("assets/", "")}`);
  });

  test("point to the notices of whose work they hold", () => {
    for (const name of assets) expect(read(`assets/${name}`), name).toContain("/app/licenses.txt");
  });

  test("ask for nothing that a strict policy refuses", () => {
    // The framework knows how to set markup; nothing here asks it to.
    const own = [
      "widget.js",
      chunk("src/chat.ts").file,
      chunk("src/view/Attachment.tsx").file,
      chunk("src/view/Rating.tsx").file,
      chunk("src/guide/index.tsx").file,
      chunk("src/app.ts").file,
    ];
    for (const name of own) {
      const refused = /\beval\(|new Function|document\.write|insertAdjacentHTML|__html:|setAttribute\([`"']style/;
      expect(read(name).match(refused)?.[0], name).toBeUndefined();
    }
  });
});
