// A private Redis on a free port of the loopback, for as long as a suite runs.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";

import { freePort } from "./server.mjs";
import { poll } from "./wait.mjs";

// A suite that breaks off leaves none behind.
const running = new Set();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

export async function startRedis() {
  const redis = { port: await freePort() };
  redis.url = `redis://127.0.0.1:${redis.port}`;
  await launchRedis(redis);
  return redis;
}

/** Again on the same port, after it was killed. */
export async function launchRedis(redis) {
  const options = ["--port", String(redis.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  redis.child = spawn(program(), options, { stdio: "ignore", argv0: "redis-server" });
  running.add(redis.child);
  redis.exit = once(redis.child, "exit").then(() => running.delete(redis.child));
  await poll("Redis to listen", 10_000, () => answers(redis.port));
}

export async function killRedis(redis) {
  redis.child.kill("SIGKILL");
  await redis.exit;
}

/** What a command answers, as redis-cli prints it. */
export function askRedis(redis, ...command) {
  return execFileSync("redis-cli", ["-p", String(redis.port), ...command], { encoding: "utf8" }).trim();
}

/** Debian's package of tools holds the server under another name, and starts none for the whole machine. */
function program() {
  const debian = "/usr/bin/redis-check-rdb";
  return existsSync(debian) ? debian : "redis-server";
}

function answers(port) {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => done(true)).once("error", () => done(false));
    socket.once("connect", () => socket.destroy());
  });
}
