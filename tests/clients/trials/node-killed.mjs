// One of two nodes killed behind nginx, with all the sockets it has: they come back by the other one and read on from the
// last `seq` they have; whoever does not come back is offline when the dead node's lease has ended.
//
//   node tests/clients/trials/node-killed.mjs --sockets 2000 --talks 24
//
// Every socket is one descriptor here, two in nginx and one in a node: `ulimit -n` has to allow for them.

import assert from "node:assert/strict";

import { isInTouch, withCluster } from "../harness/cluster.mjs";
import { asCommand } from "../harness/command.mjs";
import { addressesOf, endCircles, gather, homeOf, newCircles } from "../harness/crowd.mjs";
import { startLight, stopLight } from "../harness/light.mjs";
import { get, newSupport } from "../harness/people.mjs";
import { startPosters, stopPosters } from "../harness/posters.mjs";
import { chooseSeed, seeded } from "../harness/random.mjs";
import { endProcess, launch } from "../harness/server.mjs";
import { countAcked, endTalks, startTalks } from "../harness/talks.mjs";
import { pause, poll } from "../harness/wait.mjs";

const backWithin = 15_000;
const presentWithin = 40_000;
const staff = 6;

/** `sockets` are light clients at the node that is killed, in circles of 50; `talks` have two real clients each. */
export async function killNode(cluster, { sockets = 200, talks: talking = 3, seed } = {}) {
  const random = seeded(chooseSeed(seed));
  const { front, nodes } = cluster;
  const circles = await newCircles(front, Math.max(2, sockets / 50));
  // The real clients have this address, and so one node.
  const doomed = await homeOf(cluster, "127.0.0.1", circles[0]);
  const other = nodes.find((node) => node !== doomed);
  const addresses = await addressesOf(cluster, doomed, circles[0], 8);
  const elsewhere = await addressesOf(cluster, other, circles[0], 2);
  const lights = await gather(front, circles, sockets, addresses, random);
  const witnesses = await gather(front, circles, Math.ceil(sockets / 10), elsewhere, random);
  const people = [];
  for (let number = 0; number < staff; number += 1) people.push(await newSupport(front, `staff${number}`));
  const desks = people.map((person) => startLight(front, person, circles[0].ticket_id, { address: addresses[0], random }));
  await poll("the staff to join", 10_000, () => desks.every((desk) => desk.caughtUpAt));
  const talks = await startTalks(front, { count: talking, window: 1, gap: 100 });
  const posters = startPosters(front, circles, { count: 2, gap: 1000 / circles.length });
  await poll("some to be acked", 30_000, () => countAcked(talks) > talking * 10 && posters.acked.length > circles.length);

  const [leaving, staying] = [desks.slice(0, staff / 2), desks.slice(staff / 2)];
  await endProcess(doomed, "SIGKILL");
  const killed = Date.now();
  leaving.forEach(stopLight);
  const moved = [...lights, ...staying];
  const lines = talks.flatMap((talk) => talk.lines);
  const views = talks.flatMap((talk) => talk.views);
  const areBack = () =>
    moved.every((light) => light.joins > 1 && light.caughtUpAt) &&
    lines.every((line) => line.socket.connected) &&
    views.every((view) => view.replays > 1 && !view.replaying);
  await poll("everybody to be back", backWithin, areBack).catch((late) => {
    const missing = moved.filter((light) => !light.caughtUpAt).length;
    throw new Error(`${late.message}: ${missing} of ${moved.length} light clients are missing`);
  });
  const back = Date.now() - killed;
  console.log(`  ${moved.length + lines.length} sockets of a killed node: all back and caught up after ${back} ms`);
  assert.ok(back <= backWithin);
  assert.ok(witnesses.every((light) => light.joins === 1), "who was at the other node was not cut");

  await presenceIsRight(other, people, killed);
  await stopPosters(posters);
  staying.forEach(stopLight);
  await endTalks(front, talks);
  await endCircles(front, circles, posters);
  for (const line of lines) line.socket.disconnect();
  await launch(doomed);
  await isInTouch(doomed, nodes.length - 1);
}

/** The first half of them went with their node, the others came back. */
async function presenceIsRight(node, people, killed) {
  const wanted = people.map((_, place) => (place < people.length / 2 ? "offline" : "online")).join();
  const asker = people.at(-1);
  const isRight = async () => {
    const asked = people.map((person) => get(node, asker, `/api/users/status?user_id=${person.id}`));
    return (await Promise.all(asked)).map((answer) => answer.status).join() === wanted;
  };
  await poll("presence to be right", presentWithin - (Date.now() - killed), isRight);
  console.log(`  presence right again ${Date.now() - killed} ms after the node's death`);
  for (let times = 0; times < 10; times += 1) {
    await pause(200);
    assert.ok(await isRight(), "and it stays so");
  }
}

await asCommand(import.meta.url, { sockets: 2_000, talks: 24 }, (options) =>
  withCluster({ conf: "smilechat.conf" }, (cluster) => killNode(cluster, options)),
);
