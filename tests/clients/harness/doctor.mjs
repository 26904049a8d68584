// `smilechat doctor`, and what it says.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

import { binary } from "./server.mjs";

/** Its exit code, its report, and the steps by their names. `env` adds to its environment. */
export async function doctor(url, args = [], env = {}) {
  const environment = { PATH: process.env.PATH, ...env };
  const child = spawn(binary, ["doctor", url, "--json", ...args], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const [printed, complaint, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  if (!printed) throw new Error(`doctor ended with ${code}: ${complaint}`);
  const report = JSON.parse(printed);
  const steps = Object.fromEntries(report.steps.map((step) => [step.name, step]));
  return { code, report, steps, complaint };
}

/** The names of the steps with that status. */
export function named(report, status) {
  return report.steps.filter((step) => step.status === status).map((step) => step.name);
}
