// Presence and typing do not lie for long: whoever is cut off, or falls silent behind a link that tells neither side, is offline
// at the other node within the time between two pings, that for an answer, and five seconds; whoever stops typing without a word
// is no longer seen to type after six seconds and a moment, at both nodes.
//
//   node tests/clients/trials/absence.mjs --clients 200 --typists 60

import assert from "node:assert/strict";
import { connect as dial, createServer } from "node:net";

import { withCluster } from "../harness/cluster.mjs";
import { asCommand } from "../harness/command.mjs";
import { get, newCustomer, newSupport, newTicket } from "../harness/people.mjs";
import { between, chooseSeed, seeded } from "../harness/random.mjs";
import { allHeard, connect, heard, tell, transports } from "../harness/sockets.mjs";
import { pause, poll } from "../harness/wait.mjs";

/** For the server's looking every quarter of a second, and for a busy machine. */
const allowance = 1_500;
const typingWithin = 6_000 + allowance;
/** Whose end the server sees is not waited for with pings. It has time to come back: polling 4 s, a WebSocket 2 s. */
const cutWithin = 5_000 + allowance;

/** Half of the `clients` are cut off and half fall silent, at any instant between two pings. */
export async function goAway({ nodes }, { clients = 8, typists = 6, seed } = {}) {
  const random = seeded(chooseSeed(seed));
  // As the server tells them to every client.
  const opened = await (await fetch(`${nodes[0].url}/socket.io/?EIO=4&transport=polling`)).text();
  const { pingInterval, pingTimeout } = JSON.parse(opened.slice(1));
  await Promise.all([
    leave(nodes, clients, pingInterval, pingInterval + pingTimeout + 5_000, random),
    stopTyping(nodes, typists, pingInterval, random),
  ]);
}

async function leave([here, there], clients, spread, silentWithin, random) {
  const support = await newSupport(there);
  const ours = await connect(there, support);
  const all = [];
  for (let number = 0; number < clients + Math.ceil(clients / 10); number += 1) {
    const [link, customer] = [await startLink(here), await newCustomer(here)];
    all.push({ link, customer, line: await connect(link.server, customer, transportOf(number)) });
  }
  const told = ({ customer }) => {
    const events = allHeard(ours, "user_status").filter(({ user_id }) => user_id === customer.id);
    return events.map(({ status }) => status);
  };
  await poll("all to be online", 10_000, () => all.every((client) => told(client).join() === "online"));

  // So that clients of each transport are ended in both ways.
  const [leaving, staying] = [all.slice(0, clients), all.slice(clients)];
  const isCut = (number) => number % 6 < 3;
  const endOne = async (client, number) => {
    await pause(between(random, 0, spread));
    const began = Date.now();
    assert.deepEqual(told(client), ["online"], "nobody is gone before they go");
    if (isCut(number)) client.link.cut();
    else client.link.swallow();
    const isOffline = (event) => event.user_id === client.customer.id && event.status === "offline";
    await heard(ours, "user_status", isOffline, isCut(number) ? cutWithin : silentWithin);
    return Date.now() - began;
  };
  const times = await Promise.all(leaving.map(endOne));
  const [cut, silent] = [times.filter((_, number) => isCut(number)), times.filter((_, number) => !isCut(number))];
  console.log(
    `${cut.length} clients cut off: offline at the other node after ${inSeconds(cut)} at most; ` +
      `${silent.length} fallen silent: after ${inSeconds(silent)} at most, of ${silentWithin / 1000} s`,
  );
  for (const client of leaving) assert.deepEqual(told(client), ["online", "offline"]);
  for (const client of staying) assert.deepEqual(told(client), ["online"], "who stays is there all the time");
  for (const { customer } of leaving) {
    assert.equal((await get(there, support, `/api/users/status?user_id=${customer.id}`)).status, "offline");
  }
  const customers = (users) => users.filter(({ user_id }) => all.some(({ customer }) => customer.id === user_id)).length;
  await poll("the list of those who stay", 2_000, () => customers(allHeard(ours, "online_users").at(-1)) === staying.length);
  for (const { line, link } of all) {
    line.socket.disconnect();
    link.cut();
  }
  ours.socket.disconnect();
}

async function stopTyping([here, there], typists, spread, random) {
  const support = await newSupport(here);
  const [near, far] = [await connect(here, support), await connect(there, support)];
  const each = [];
  for (let number = 0; number < typists; number += 1) {
    const customer = await newCustomer(here);
    const { ticket_id } = await newTicket(here, customer);
    const line = await connect(here, customer, transportOf(number));
    for (const joining of [line, near, far]) await tell(joining, "join_ticket", { ticket_id });
    each.push({ line, ticket_id });
  }
  const stopOne = async ({ line, ticket_id }) => {
    await pause(between(random, 0, spread));
    let began;
    for (let words = 1 + Math.floor(random() * 3); words > 0; words -= 1) {
      await pause(between(random, 0, spread / 5));
      began = Date.now();
      await tell(line, "typing", { ticket_id, is_typing: true });
    }
    const ended = async (viewer) => {
      await heard(viewer, "typing", (event) => event.ticket_id === ticket_id && !event.is_typing, typingWithin);
      return Date.now() - began;
    };
    return Promise.all([ended(near), ended(far)]);
  };
  const times = await Promise.all(each.map(stopOne));
  const [beside, elsewhere] = [0, 1].map((place) => times.map((both) => both[place]));
  console.log(
    `${typists} stopped typing: cleared after ${inSeconds(beside)} at most at the same node, ` +
      `${inSeconds(elsewhere)} at the other`,
  );
  assert.ok(Math.min(...times.flat()) > 4_000, `cleared after ${Math.min(...times.flat())} ms, too early`);
  for (const viewer of [near, far]) {
    const ends = allHeard(viewer, "typing").filter((event) => !event.is_typing);
    assert.equal(ends.length, typists, "each end is told once");
  }
  for (const { socket } of [near, far, ...each.map(({ line }) => line)]) socket.disconnect();
}

/** A client's own way to its node. It may be cut, or swallow all that comes from now on: neither side is told of that. */
async function startLink(server) {
  const wires = [];
  let isSwallowing = false;
  const listener = createServer((near) => {
    wires.push(near.on("error", () => {}));
    if (isSwallowing) return near.resume();
    const far = dial(server.port, "127.0.0.1").on("error", () => {});
    wires.push(far);
    near.pipe(far).pipe(near);
    near.on("close", () => isSwallowing || far.destroy());
    far.on("close", () => isSwallowing || near.destroy());
  });
  await new Promise((done) => listener.listen(0, "127.0.0.1", done));
  const swallow = () => {
    isSwallowing = true;
    for (const wire of wires) wire.unpipe().resume();
  };
  const cut = () => {
    listener.close();
    for (const wire of wires) wire.destroy();
  };
  return { server: { ...server, url: `http://127.0.0.1:${listener.address().port}` }, swallow, cut };
}

const transportOf = (number) => Object.keys(transports)[number % 3];

const inSeconds = (times) => `${(Math.max(...times) / 1000).toFixed(1)} s`;

await asCommand(import.meta.url, { clients: 200, typists: 60 }, (options) => withCluster({}, (cluster) => goAway(cluster, options)));
