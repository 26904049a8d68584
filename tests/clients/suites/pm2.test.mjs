// deploy/pm2/ecosystem.config.cjs, run by the real pm2 with a folder of its own.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { newCustomer } from "../harness/people.mjs";
import { startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { binary, freePort, secret } from "../harness/server.mjs";
import { connect, heard } from "../harness/sockets.mjs";
import { poll } from "../harness/wait.mjs";

const program = fileURLToPath(new URL("../pm2/node_modules/pm2/bin/pm2", import.meta.url));
const file = fileURLToPath(new URL("../../../deploy/pm2/ecosystem.config.cjs", import.meta.url));

let [postgres, folder, env, nodes] = [];
before(async () => {
  postgres = await startPostgres();
  folder = mkdtempSync(join(tmpdir(), "smilechat-pm2-"));
  const port = await twoFreePorts();
  nodes = [port, port + 1].map((at) => ({ port: at, name: `smilechat-${at}`, url: `http://127.0.0.1:${at}`, sockets: [] }));
  env = {
    PATH: process.env.PATH,
    HOME: folder,
    PM2_HOME: folder,
    PM2_DISCRETE_MODE: "true",
    SMILECHAT_BIN: binary,
    SMILECHAT_ENV: "development",
    SMILECHAT_DATA_DIR: join(folder, "data"),
    DATABASE_URL: postgres.url,
    JWT_SECRET: secret,
    RATE_LIMIT: "off",
    PORT: String(port),
  };
  process.once("exit", end);
});
after(() => {
  process.removeListener("exit", end);
  end();
  rmSync(folder, { recursive: true, force: true });
  stopPostgres(postgres);
});

/** The daemon with all that it started; once more it finds nothing to do. */
function end() {
  spawnSync(program, ["kill"], { env, stdio: "ignore" });
}

async function pm2(...args) {
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const [printed, complaint, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  assert.equal(code, 0, `pm2 ${args.join(" ")}: ${printed}${complaint}`);
  return printed;
}

const list = async () => JSON.parse((await pm2("jlist")).split("\n").findLast((line) => line.startsWith("[")));
const isReady = async (node) => (await fetch(`${node.url}/readyz`).catch(() => undefined))?.ok;
const bothReady = () => poll("both to be ready", 20_000, async () => (await isReady(nodes[0])) && (await isReady(nodes[1])));
const logOf = () => readdirSync(join(folder, "logs")).map((name) => readFileSync(join(folder, "logs", name), "utf8")).join("");

test("two processes are started, one is restarted and drains, all end with pm2", { timeout: 90_000 }, async () => {
  await pm2("start", file);
  await bothReady();
  const before = await list();
  assert.deepEqual(before.map((one) => one.name), nodes.map((node) => node.name));

  const customer = await newCustomer(nodes[0]);
  const line = await connect(nodes[0], customer);
  await pm2("reload", nodes[0].name);
  // The server said so, and was not cut: it drained.
  assert.equal(await heard(line, "disconnect"), "transport close");
  assert.ok(await isReady(nodes[1]), "the other goes on");
  await bothReady();
  const drained = logOf();
  assert.match(drained, /"message":"draining"/);
  assert.match(drained, /"message":"stopped"/);
  assert.doesNotMatch(drained, /time is up|panicked at/);
  const after = await list();
  assert.notEqual(after[0].pid, before[0].pid);
  assert.equal(after[1].pid, before[1].pid);

  const pids = after.map((one) => one.pid);
  await pm2("kill");
  const isGone = (pid) => spawnSync("kill", ["-0", String(pid)]).status !== 0;
  assert.ok(pids.every(isGone), "nobody is left");
  assert.equal((logOf().match(/"message":"stopped"/g) ?? []).length, 3, "each has drained");
});

test("two processes on one SQLite are refused in a word", () => {
  const asked = { ...env, DATABASE_URL: "" };
  const refused = spawnSync("node", ["-e", `require(${JSON.stringify(file)})`], { env: asked, encoding: "utf8" });
  assert.notEqual(refused.status, 0);
  assert.match(refused.stderr, /more than one process needs DATABASE_URL=postgres/);
});

/** The second is as free as it was a moment ago. */
async function twoFreePorts() {
  for (;;) {
    const port = await freePort();
    const listener = createServer();
    const isFree = await new Promise((done) => {
      listener.once("error", () => done(false)).listen(port + 1, "127.0.0.1", () => done(true));
    });
    await new Promise((done) => listener.close(done));
    if (isFree) return port;
  }
}
