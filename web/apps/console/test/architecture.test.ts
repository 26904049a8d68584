// Who may import whom. What stands lower in the list knows nothing of what stands above it, and features, which are all
// folders that the list does not name, know nothing of one another.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const FOUNDATIONS = ["theme", "backend", "browser", "parts", "tickets"];
const FRAME = ["shell", "."];
const src = fileURLToPath(new URL("../src", import.meta.url));

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/u.test(file));

test("imports go down, never up and never across", () => {
  const imports = files.flatMap((file) => imported(file).map((other) => [file, other] as const));
  expect(imports.length).toBeGreaterThan(200);
  const wrong = imports.filter(([file, other]) => folder(file) !== folder(other) && rank(other) >= rank(file));
  expect(wrong.map((pair) => pair.join(" imports "))).toEqual([]);
});

function imported(file: string): string[] {
  const text = readFileSync(join(src, file), "utf8");
  const named = [...text.matchAll(/(?:from|import|import\() ?"(\.[^"]+)"/gu)].map((match) => match[1] ?? "");
  return named.map((path) => relative(src, join(src, dirname(file), path)));
}

function folder(file: string): string {
  const [first = "", ...rest] = file.split(sep);
  return rest.length > 0 ? first : ".";
}

function rank(file: string): number {
  const name = folder(file);
  if (FRAME.includes(name)) return FOUNDATIONS.length + 1 + FRAME.indexOf(name);
  const foundation = FOUNDATIONS.indexOf(name);
  return foundation < 0 ? FOUNDATIONS.length : foundation;
}
