// What a page loads before it shows the inbox: the first script and what that imports. The rest comes when it is wanted.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { afterEach, expect, test, vi } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

afterEach(() => vi.unstubAllEnvs());

interface Chunk {
  type: "chunk";
  fileName: string;
  isEntry: boolean;
  imports: string[];
  code: string;
  moduleIds: string[];
}

test("the first view of the console is at most 150 kB of script, gzip", { timeout: 120_000 }, async () => {
  // The tests' own would bring the libraries as they are for development.
  vi.stubEnv("NODE_ENV", "production");
  const built = await build({ root, logLevel: "error", build: { write: false } });
  const { output } = (Array.isArray(built) ? built[0] : built) as unknown as { output: Chunk[] };
  const chunks = new Map(output.filter(({ type }) => type === "chunk").map((chunk) => [chunk.fileName, chunk]));
  const first = new Set([...chunks.values()].filter(({ isEntry }) => isEntry));
  for (const chunk of first) for (const name of chunk.imports) first.add(chunks.get(name) as Chunk);
  expect([...first].some(({ moduleIds }) => moduleIds.some((id) => id.endsWith("/shell/Inbox.tsx")))).toBe(true);
  const size = [...first].reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);
  expect(size).toBeLessThanOrEqual(150_000);
});
