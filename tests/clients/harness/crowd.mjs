// Circles of people around tickets, most of them light clients behind a proxy, each at a node that is known.

import assert from "node:assert/strict";

import { startLight, stopLight, faultsOf } from "./light.mjs";
import { scrape, valueOf } from "./metrics.mjs";
import { allMessages, newCustomer, newTicket } from "./people.mjs";
import { poll } from "./wait.mjs";
import { facts } from "./write.mjs";

const atOnce = 50;

/** `[{person, ticket_id, lights}]`, with nobody in them yet. */
export async function newCircles(server, count) {
  const circles = [];
  for (let number = 0; number < count; number += 1) {
    const person = await newCustomer(server, `circle${number}`);
    const { ticket_id } = await newTicket(server, person);
    circles.push({ person, ticket_id, lights: [] });
  }
  return circles;
}

/** `count` clients more, in all circles alike, from these addresses. Returns when all of them have joined. */
export async function gather(server, circles, count, addresses, random) {
  const all = [];
  while (all.length < count) {
    const next = Array.from({ length: Math.min(atOnce, count - all.length) }, (_, place) => all.length + place).map((number) => {
      const { person, ticket_id, lights } = circles[number % circles.length];
      const light = startLight(server, person, ticket_id, { address: addresses[number % addresses.length], random });
      lights.push(light);
      return light;
    });
    all.push(...next);
    await poll("clients to join", 30_000, () => next.every((light) => light.caughtUpAt));
  }
  return all;
}

/** Addresses of the loopback whose sockets the proxy sends to that node, `127.0.0.1` not among them. */
export async function addressesOf(cluster, node, circle, count) {
  const found = [];
  for (let number = 1; found.length < count && number < 250; number += 1) {
    const address = `127.0.1.${number}`;
    if ((await homeOf(cluster, address, circle)) === node) found.push(address);
  }
  assert.equal(found.length, count, "addresses of a node");
  return found;
}

/** The node that has the sockets from that address: it answers the join. */
export async function homeOf({ front, nodes }, address, { person, ticket_id }) {
  const before = await Promise.all(nodes.map(countJoins));
  const light = startLight(front, person, ticket_id, { address });
  const home = await poll("a node to answer a join", 10_000, async () => {
    const after = await Promise.all(nodes.map(countJoins));
    return nodes.find((_, place) => after[place] > before[place]);
  });
  stopLight(light);
  return home;
}

const joins = ["smilechat_socket_event_seconds_count", { event: "join_ticket" }];
const countJoins = async (node) => valueOf(await scrape(node), ...joins) ?? 0;

/** All of them have everything: once each, in order, and whatever a poster was told to be stored. */
export async function endCircles(server, circles, posters) {
  const stored = new Map();
  let messages = 0;
  for (const { person, ticket_id, lights } of circles) {
    const rows = await allMessages(server, person, ticket_id);
    assert.deepEqual(rows.map((row) => row.seq), rows.map((_, place) => place + 1), "no hole");
    assert.equal(new Set(rows.map((row) => row.client_id)).size, rows.length, "none is stored twice");
    await poll("everybody to have read all", 10_000, () => lights.every((light) => light.last >= rows.length)).catch(() => {});
    assert.deepEqual(lights.flatMap((light) => faultsOf(light, rows.length)), [], "nothing is missed or doubled");
    for (const row of rows) stored.set(row.message_id, facts(row));
    messages += rows.length;
    lights.forEach(stopLight);
  }
  assert.deepEqual(posters.faults, [], "no message fails that is repeated");
  assert.deepEqual(posters.acked.map(facts).filter((fact, place) => stored.get(posters.acked[place].message_id) !== fact), []);
  console.log(`  ${messages} messages by REST, ${posters.repeated} requests repeated: 0 lost, 0 doubled, 0 missed by anybody`);
}
