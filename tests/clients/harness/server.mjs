// Starts the real server in a folder, on a port and with a database of its own, and ends it by its process id.
// Every suite goes through here, so every suite also proves that the server had no panic and no internal error, and
// that it did not have to be shot.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { poll } from "./wait.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
export const binary = process.env.SMILECHAT_BIN
  ? resolve(process.env.SMILECHAT_BIN)
  : join(root, "target/debug/smilechat");
export const secret = "a secret of the tests alone, long enough to be taken";

// A suite that breaks off leaves no server behind.
const running = new Set();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** `env` adds to the settings; `wrapper` is a command to run the server under, one that keeps its process id. */
export async function startServer({ env = {}, databaseUrl, wrapper = [] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "smilechat-test-"));
  const port = await freePort();
  const server = {
    folder,
    port,
    url: `http://127.0.0.1:${port}`,
    logFile: join(folder, "server.log"),
    sockets: [],
    wrapper,
    environment: {
      PATH: process.env.PATH,
      HOME: folder,
      HOST: "127.0.0.1",
      PORT: String(port),
      DATABASE_URL: databaseUrl ?? `sqlite://${folder}/smilechat.db`,
      JWT_SECRET: secret,
      LOG_FORMAT: "json",
      RATE_LIMIT: "off",
      // A long run must not end with a token that nobody refreshes; the suite about sessions shortens it again.
      SMILECHAT_AUTH__ACCESS_TOKEN_SECONDS: "86400",
      // Who gets a ticket is the tests' choice; the suite about assignment switches it on again.
      SMILECHAT_ASSIGNMENT__ENABLED: "false",
      ...env,
    },
  };
  await launch(server);
  return server;
}

/** Starts the process; again on the same port and data after it was ended. */
export async function launch(server) {
  const log = openSync(server.logFile, "a");
  const [command, ...args] = [...server.wrapper, binary, "serve"];
  const child = spawn(command, args, { cwd: server.folder, env: server.environment, stdio: ["ignore", log, log] });
  closeSync(log);
  server.child = child;
  server.exit = new Promise((done) => {
    child.once("error", (error) => done({ error }));
    child.once("exit", (code, signal) => done({ code, signal }));
  });
  let gone;
  server.exit.then((exit) => (gone = exit));
  running.add(child);
  child.once("exit", () => running.delete(child));
  await poll("the server to be ready", 20_000, async () => {
    if (gone) throw new Error(`the server ended at its start: ${JSON.stringify(gone)}\n${readLog(server)}`);
    const answer = await fetch(`${server.url}/readyz`).catch(() => undefined);
    await answer?.arrayBuffer();
    return answer?.ok;
  });
}

/** Sends the signal and waits for the end; a server that is still there after 11 s is shot, and `exit` tells so. */
export async function endProcess(server, signal) {
  server.child.kill(signal);
  const shot = setTimeout(() => server.child.kill("SIGKILL"), 11_000);
  const exit = await server.exit;
  clearTimeout(shot);
  return exit;
}

/** Stops a process as SIGSTOP does. Its threads take a moment: what is sent before the last one stands still may be worked on. */
export async function freeze({ child }) {
  child.kill("SIGSTOP");
  const isStopped = (task) => readFileSync(`/proc/${child.pid}/task/${task}/stat`, "utf8").split(") ").at(-1).startsWith("T");
  await poll("the process to stand still", 5_000, () => readdirSync(`/proc/${child.pid}/task`).every(isStopped));
}

/** The end of every suite: SIGTERM has to be enough, and no log line may tell of a panic or an internal error. */
export async function stopServer(server) {
  for (const socket of server.sockets) socket.disconnect();
  const exit = await endProcess(server, "SIGTERM");
  const log = readLog(server);
  rmSync(server.folder, { recursive: true, force: true });
  assert.deepEqual(exit, { code: 0, signal: null }, "the server ends by itself after SIGTERM");
  const lines = log.split("\n");
  const faults = lines.filter((line) => line.includes("panicked at") || line.includes(`"log.level":"error"`));
  // scripts/chaos adds these up.
  const { SMILECHAT_LOGS_READ } = process.env;
  if (SMILECHAT_LOGS_READ) appendFileSync(SMILECHAT_LOGS_READ, `${lines.length - 1} ${faults.length}\n`);
  assert.deepEqual(faults, [], "nothing that a client does is an error of the server");
}

/** A server for one piece of work, ended whatever comes of it. */
export async function withServer(options, work) {
  const server = await startServer(options);
  try {
    const result = await work(server);
    await stopServer(server);
    return result;
  } catch (error) {
    for (const socket of server.sockets) socket.disconnect();
    await endProcess(server, "SIGKILL");
    rmSync(server.folder, { recursive: true, force: true });
    throw error;
  }
}

/** One command of the same binary, on the same database, while the server runs: what it prints. */
export async function runCommand(server, args, input = "") {
  const child = spawn(binary, args, { cwd: server.folder, env: server.environment });
  child.stdin.end(input);
  const [printed, complaint, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  assert.equal(code, 0, `smilechat ${args.join(" ")}: ${complaint}`);
  return printed;
}

export function readLog(server) {
  return readFileSync(server.logFile, "utf8");
}

export async function freePort() {
  const listener = createServer();
  await new Promise((done) => listener.listen(0, "127.0.0.1", done));
  const { port } = listener.address();
  await new Promise((done) => listener.close(done));
  return port;
}
