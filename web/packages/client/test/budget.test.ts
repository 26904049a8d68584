import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

const entry = fileURLToPath(new URL("../src/index.ts", import.meta.url));

test("what a page loads before the first socket is at most 6.5 KB, gzip", async () => {
  const bundle = await rolldown({ input: entry, external: ["socket.io-client"], logLevel: "silent" });
  const { output } = await bundle.generate({ minify: true });
  await bundle.close();
  const chunks = new Map(output.flatMap((part) => (part.type === "chunk" ? [[part.fileName, part] as const] : [])));
  const [start] = [...chunks.values()].filter(({ isEntry }) => isEntry);
  const parts = [start, ...(start?.imports.map((name) => chunks.get(name)) ?? [])];
  const code = parts.map((part) => part?.code ?? "").join("\n");
  expect(start?.dynamicImports).toHaveLength(1);
  expect(code).not.toContain("socket.io-client");
  expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(6.5 * 1024);
});
