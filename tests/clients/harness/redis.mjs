// A private Redis on a free port of the loopback, for as long as a suite runs.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

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
  const options = ["--port", String(redis.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", ...(redis.options ?? [])];
  redis.child = spawn(program(), options, { stdio: "ignore", argv0: "redis-server", cwd: redis.folder });
  running.add(redis.child);
  redis.exit = once(redis.child, "exit").then(() => running.delete(redis.child));
  await poll("Redis to listen", 10_000, () => answers(redis.port));
}

/** One that is spoken to by TLS alone, with a password. Whoever trusts the file `authority` believes that it is 127.0.0.1. */
export async function startGuardedRedis() {
  const folder = mkdtempSync(join(tmpdir(), "smilechat-guarded-"));
  const redis = { port: await freePort(), folder, password: "a/pass:word@of%ours", authority: join(folder, "ca.crt") };
  const make = `
    new="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    openssl req -x509 $new -days 2 -subj /CN=Ours -keyout ca.key -out ca.crt
    openssl req $new -subj /CN=redis -keyout redis.key -out redis.csr
    echo subjectAltName=IP:127.0.0.1 > names
    openssl x509 -req -in redis.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile names -days 2 -out redis.crt`;
  execFileSync("sh", ["-ec", make], { cwd: folder, stdio: "ignore" });
  const files = ["--tls-cert-file", "redis.crt", "--tls-key-file", "redis.key", "--tls-ca-cert-file", "ca.crt"];
  redis.options = ["--port", "0", "--tls-port", String(redis.port), "--tls-auth-clients", "no", ...files, "--requirepass", redis.password];
  redis.url = (password) => `rediss://:${encodeURIComponent(password)}@127.0.0.1:${redis.port}`;
  await launchRedis(redis);
  return { ...redis, all: [redis] };
}

async function startOneOf(folder, options = []) {
  const redis = { port: await freePort(), folder, options };
  await launchRedis(redis);
  return redis;
}

/** A master, its replica, and three sentinels that know it as `chat`; these and those ask for a password, each for its own. */
export async function startSentinels() {
  const folder = mkdtempSync(join(tmpdir(), "smilechat-sentinels-"));
  const guarded = ["--requirepass", "of-the-data", "--masterauth", "of-the-data"];
  const master = await startOneOf(folder, guarded);
  const replica = await startOneOf(folder, [...guarded, "--replicaof", "127.0.0.1", String(master.port)]);
  replica.password = "of-the-data";
  const sentinels = [];
  for (let place = 0; place < 3; place += 1) {
    const sentinel = { port: await freePort(), folder, password: "of-the-sentinels" };
    const file = join(folder, `sentinel-${place}.conf`);
    writeFileSync(file, [
      `port ${sentinel.port}`,
      "bind 127.0.0.1",
      `requirepass ${sentinel.password}`,
      `sentinel monitor chat 127.0.0.1 ${master.port} 2`,
      "sentinel auth-pass chat of-the-data",
      "sentinel down-after-milliseconds chat 1000",
      "sentinel failover-timeout chat 6000",
    ].join("\n"));
    sentinel.child = spawn(program(), [file, "--sentinel"], { stdio: "ignore", argv0: "redis-sentinel", cwd: folder });
    running.add(sentinel.child);
    sentinel.exit = once(sentinel.child, "exit").then(() => running.delete(sentinel.child));
    await poll("the sentinel to listen", 10_000, () => answers(sentinel.port));
    sentinels.push(sentinel);
  }
  const told = (sentinel) => askRedis(sentinel, "sentinel", "master", "chat").split("\n");
  for (const sentinel of sentinels) {
    await poll("the sentinel to know the others", 15_000, () => {
      const words = told(sentinel);
      const value = (name) => words[words.indexOf(name) + 1];
      return value("num-slaves") === "1" && value("num-other-sentinels") === "2";
    });
  }
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",");
  const url = `redis+sentinel://:of-the-data@${hosts}/chat?sentinel_password=of-the-sentinels`;
  return { folder, url, master, replica, all: [...sentinels, master, replica] };
}

/** Three nodes with a third of the slots each. */
export async function startCluster() {
  const folder = mkdtempSync(join(tmpdir(), "smilechat-cluster-"));
  const nodes = [];
  for (let place = 0; place < 3; place += 1) {
    const options = ["--cluster-enabled", "yes", "--cluster-config-file", `nodes-${place}.conf`, "--cluster-require-full-coverage", "no"];
    nodes.push(await startOneOf(folder, options));
  }
  nodes.slice(1).forEach(({ port }) => askRedis(nodes[0], "cluster", "meet", "127.0.0.1", String(port)));
  nodes.forEach((node, place) => {
    const [first, last] = [Math.ceil((16384 * place) / 3), Math.ceil((16384 * (place + 1)) / 3) - 1];
    askRedis(node, "cluster", "addslotsrange", String(first), String(last));
  });
  for (const node of nodes) {
    await poll("the cluster to be whole", 15_000, () => {
      const state = askRedis(node, "cluster", "info");
      return state.includes("cluster_state:ok") && state.includes("cluster_known_nodes:3") && state.includes("cluster_slots_ok:16384");
    });
  }
  const url = `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
  return { folder, url, nodes, all: nodes };
}

export async function endSeveral({ all, folder }) {
  for (const one of all) if (one.child.exitCode === null && one.child.signalCode === null) await killRedis(one);
  rmSync(folder, { recursive: true, force: true });
}

export async function killRedis(redis) {
  redis.child.kill("SIGKILL");
  await redis.exit;
}

/** What a command answers, as redis-cli prints it. */
export function askRedis(redis, ...command) {
  const env = { ...process.env, ...(redis.password ? { REDISCLI_AUTH: redis.password } : {}) };
  return execFileSync("redis-cli", ["-p", String(redis.port), ...command], { encoding: "utf8", env }).trim();
}

/** Debian's package of tools holds the server under another name, and starts none for the whole machine. Another server that
 * speaks the same, Valkey say, may be named. */
function program() {
  const debian = "/usr/bin/redis-check-rdb";
  return process.env.SMILECHAT_TEST_REDIS || (existsSync(debian) ? debian : "redis-server");
}

function answers(port) {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => done(true)).once("error", () => done(false));
    socket.once("connect", () => socket.destroy());
  });
}
