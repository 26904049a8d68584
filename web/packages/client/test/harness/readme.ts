/** The examples of README.md as files, in a folder from which the package and React are found as from an app. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The example below a heading. */
export function example(heading: string): string {
  const [, section] = readFileSync(join(root, "README.md"), "utf8").split(`\n## ${heading}\n`);
  const code = /```(?:js|ts|tsx)\n([\s\S]*?)```/.exec(section?.split("\n## ")[0] ?? "")?.[1];
  if (!code) throw new Error(`no example below "${heading}"`);
  return code;
}

export function folder(): string {
  mkdirSync(join(root, "node_modules"), { recursive: true });
  return mkdtempSync(join(root, "node_modules/.readme-"));
}

export function put(place: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(place, name), text);
}

/** One module with the package in it, as a bundler of an app makes it; answers its path. */
export async function bundle(place: string, name: string, external: string[] = []): Promise<string> {
  const file = join(place, "bundled.mjs");
  const made = await rolldown({
    input: join(place, name),
    external,
    platform: "node",
    logLevel: "silent",
    resolve: { conditionNames: ["@smilechat/source", "node", "import", "default"] },
  });
  await made.write({ file, format: "es", codeSplitting: false });
  await made.close();
  return file;
}
