// A private Prometheus on a free port of the loopback, for as long as a suite runs.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { freePort } from "./server.mjs";
import { poll } from "./wait.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Scrapes the servers every second, and evaluates the rules of the file. */
export async function startPrometheus(servers, rules) {
  const folder = mkdtempSync(join(tmpdir(), "smilechat-prometheus-"));
  const port = await freePort();
  const config = `
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [${JSON.stringify(rules)}]
scrape_configs:
  - job_name: pods
    static_configs: [{targets: ${JSON.stringify(servers.map((server) => `127.0.0.1:${server.port}`))}}]
`;
  writeFileSync(join(folder, "prometheus.yml"), config);
  const log = openSync(join(folder, "log"), "w");
  const child = spawn(
    program("prometheus"),
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { cwd: folder, stdio: ["ignore", log, log] },
  );
  process.once("exit", () => child.kill("SIGKILL"));
  const prometheus = { folder, child, url: `http://127.0.0.1:${port}` };
  await poll("Prometheus to be ready", 20_000, async () => {
    if (child.exitCode !== null) throw new Error(readFileSync(join(folder, "log"), "utf8"));
    return (await fetch(`${prometheus.url}/-/ready`).catch(() => undefined))?.ok;
  });
  return prometheus;
}

export async function stopPrometheus({ child, folder }) {
  child.kill("SIGTERM");
  if (child.exitCode === null) await once(child, "exit");
  rmSync(folder, { recursive: true, force: true });
}

/** The `data` of an answer of its API. */
export async function ask(prometheus, path, parameters = {}) {
  const answer = await fetch(`${prometheus.url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const body = await answer.json();
  if (body.status !== "success") throw new Error(`${path} ${JSON.stringify(parameters)}: ${body.error}`);
  return body.data;
}

/** What promtool prints; it fails if promtool finds a fault. */
export function promtool(...args) {
  return execFileSync(program("promtool"), args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** The one that is installed, or the one that scripts/setup-tests unpacked. */
function program(name) {
  const unpacked = join(root, "target/tools/prometheus/usr/bin", name);
  return existsSync(unpacked) ? unpacked : name;
}
