// Both of two nodes behind nginx restarted by SIGTERM, one after the other and over and over, under load by sockets and REST:
// each process ends by itself, nothing acked is lost, and no message fails that is repeated.
//
//   node tests/clients/trials/rolling.mjs --rounds 10

import assert from "node:assert/strict";

import { isInTouch, withCluster } from "../harness/cluster.mjs";
import { asCommand } from "../harness/command.mjs";
import { addressesOf, endCircles, gather, newCircles } from "../harness/crowd.mjs";
import { startPosters, stopPosters } from "../harness/posters.mjs";
import { between, chooseSeed, seeded } from "../harness/random.mjs";
import { endProcess, launch } from "../harness/server.mjs";
import { countAcked, endTalks, everybodyIsBack, startTalks } from "../harness/talks.mjs";
import { pause, poll } from "../harness/wait.mjs";

/** `sockets` are light clients, as many at the one node as at the other. */
export async function restartInTurn(cluster, { rounds = 1, sockets = 60, seed } = {}) {
  const random = seeded(chooseSeed(seed));
  const { front, nodes } = cluster;
  const circles = await newCircles(front, 3);
  for (const node of nodes) {
    await gather(front, circles, sockets / nodes.length, await addressesOf(cluster, node, circles[0], 2), random);
  }
  const lights = circles.flatMap((circle) => circle.lights);
  const talks = await startTalks(front, { count: 3, window: 1, gap: 5 });
  const posters = startPosters(front, circles, { count: 4, gap: 5 });
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const node of nodes) {
      const before = [countAcked(talks), posters.acked.length];
      await poll("some to be acked", 30_000, () => countAcked(talks) > before[0] + 50 && posters.acked.length > before[1] + 50);
      // Who is still on the way from the node before would be moved by neither.
      await poll("everybody to be there", 30_000, () => lights.every((light) => light.caughtUpAt));
      await pause(between(random, 0, 500));
      const asked = Date.now();
      assert.deepEqual(await endProcess(node, "SIGTERM"), { code: 0, signal: null });
      times.push(Date.now() - asked);
      await launch(node);
      await isInTouch(node, nodes.length - 1);
    }
  }
  await everybodyIsBack(talks);
  await stopPosters(posters);
  console.log(`  ${times.length} nodes ended by SIGTERM in turn, exit code 0 each time, the slowest after ${Math.max(...times)} ms`);
  assert.ok(Math.max(...times) < 10_000);
  await endTalks(front, talks);
  await endCircles(front, circles, posters);
  assert.ok(lights.every((light) => light.joins > rounds), "each was moved in each round");
  for (const line of talks.flatMap((talk) => talk.lines)) line.socket.disconnect();
}

await asCommand(import.meta.url, { rounds: 10, sockets: 200 }, (options) =>
  withCluster({ conf: "smilechat.conf" }, (cluster) => restartInTurn(cluster, options)),
);
