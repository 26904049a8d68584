import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const folder = fileURLToPath(new URL("..", import.meta.url));

test("what is packed is the built modules, their types, the licences and the page about it", () => {
  const printed = execFileSync("npm", ["pack", "--dry-run", "--json", "--silent"], { cwd: folder, encoding: "utf8" });
  const [{ files }] = JSON.parse(printed.slice(printed.indexOf("["))) as [{ files: { path: string }[] }];
  const paths = files.map(({ path }) => path);
  for (const needed of ["dist/index.js", "dist/index.d.ts", "dist/api.gen.d.ts", "README.md", "package.json"]) {
    expect(paths).toContain(needed);
  }
  expect(paths.filter((path) => path.startsWith("LICENSE"))).toEqual(["LICENSE-APACHE", "LICENSE-MIT"]);
  expect(paths.filter((path) => !/^(dist\/.+\.(js|d\.ts)|LICENSE-\w+|README\.md|package\.json)$/.test(path))).toEqual(
    [],
  );
});
