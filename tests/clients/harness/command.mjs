// A trial as a command of its own: `node tests/clients/trials/kill.mjs --kills 200`. Suites call the same functions with
// small figures.

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** Runs the trial if its file is what node was started with. What is a number in `defaults` is taken as one. */
export async function asCommand(moduleUrl, defaults, trial) {
  if (resolve(process.argv[1]) !== fileURLToPath(moduleUrl)) return;
  const options = Object.fromEntries([...Object.keys(defaults), "seed"].map((name) => [name, { type: "string" }]));
  const { values } = parseArgs({ options });
  for (const [name, value] of Object.entries(values)) {
    if (typeof defaults[name] === "number") values[name] = Number(value);
  }
  await trial({ ...defaults, ...values });
  process.exit(0);
}
