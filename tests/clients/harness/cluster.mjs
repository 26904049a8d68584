// Nodes of one deployment: on one PostgreSQL, with Redis or NOTIFY between them, and, if wanted, nginx as it is shipped in
// front of them.

import { rmSync } from "node:fs";

import { startNginx, stopNginx } from "./nginx.mjs";
import { startPostgres, stopPostgres } from "./postgres.mjs";
import { killRedis, startRedis } from "./redis.mjs";
import { endProcess, startServer, stopServer } from "./server.mjs";
import { poll } from "./wait.mjs";

/** Which node stands in the place of which address of the file, by its number. */
const twoNodes = { "127.0.0.1:3100": 0, "127.0.0.1:3101": 1 };

/**
 * `roles` adds to the environment of each node, and says how many there are. `conf` is a file of deploy/nginx, and `places` are
 * the addresses in it. `front` is the public address, to be used like a server.
 */
export async function startCluster({ bus = "redis", roles = [{}, {}], env = {}, conf, places = twoNodes } = {}) {
  const cluster = { nodes: [], postgres: await startPostgres() };
  try {
    if (bus === "redis") cluster.redis = await startRedis();
    const shared = {
      ...(cluster.redis && { REDIS_URL: cluster.redis.url }),
      ...(conf && { SMILECHAT_SERVER__TRUSTED_PROXIES: "1" }),
      ...env,
    };
    for (const role of roles) {
      cluster.nodes.push(await startServer({ databaseUrl: cluster.postgres.url, env: { ...shared, ...role } }));
    }
    if (conf) {
      const moved = Object.entries(places).map(([address, number]) => [address, `127.0.0.1:${cluster.nodes[number].port}`]);
      cluster.nginx = await startNginx(conf, Object.fromEntries(moved));
      cluster.front = { ...cluster.nodes[0], url: cluster.nginx.url, port: Number(new URL(cluster.nginx.url).port), sockets: [] };
    }
    await areInTouch(cluster);
    return cluster;
  } catch (error) {
    await abandon(cluster);
    throw error;
  }
}

export async function stopCluster(cluster) {
  for (const socket of cluster.front?.sockets ?? []) socket.disconnect();
  if (cluster.nginx) await stopNginx(cluster.nginx);
  // One that does not end as it should is told last: what is left would keep the suite from ever ending.
  const faults = [];
  for (const node of cluster.nodes) await stopServer(node).catch((fault) => faults.push(fault));
  if (cluster.redis) await killRedis(cluster.redis);
  stopPostgres(cluster.postgres);
  if (faults.length > 0) throw faults[0];
}

/** A cluster for one piece of work, ended whatever comes of it. */
export async function withCluster(options, work) {
  const cluster = await startCluster(options);
  try {
    await work(cluster);
  } catch (error) {
    await abandon(cluster);
    throw error;
  }
  await stopCluster(cluster);
}

async function abandon({ nodes, nginx, redis, postgres, front }) {
  for (const socket of front?.sockets ?? []) socket.disconnect();
  if (nginx) await stopNginx(nginx);
  for (const node of nodes) {
    for (const socket of node.sockets) socket.disconnect();
    await endProcess(node, "SIGKILL");
    rmSync(node.folder, { recursive: true, force: true });
  }
  if (redis) await killRedis(redis);
  stopPostgres(postgres);
}

export async function areInTouch({ nodes }) {
  for (const node of nodes) await isInTouch(node, nodes.length - 1);
}

/** That the node hears itself by the bus, and so many others. */
export function isInTouch(node, peers) {
  return poll("the node to hear the others", 20_000, async () => {
    const { nodes, dependencies } = await (await fetch(`${node.url}/readyz`)).json();
    return dependencies.find((one) => one.name === "bus")?.status === "ok" && nodes >= peers + 1;
  });
}
