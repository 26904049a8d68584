// Conversations under load: in each ticket a customer and support write, and both see all of it, each ticket by another
// transport. In the end rows, acks and views have to agree.

import assert from "node:assert/strict";

import { allMessages, newCustomer, newSupport, newTicket } from "./people.mjs";
import { connect, transports } from "./sockets.mjs";
import { catchUp, watch } from "./view.mjs";
import { poll } from "./wait.mjs";
import { clean, judge, startWriter, stop } from "./write.mjs";

export async function startTalks(server, { count = 3, window = 4, gap = 2 } = {}) {
  const talks = [];
  for (let index = 0; index < count; index += 1) talks.push(await startTalk(server, index, { window, gap }));
  return talks;
}

async function startTalk(server, index, pace) {
  const transport = Object.keys(transports)[index % 3];
  const people = [await newCustomer(server), await newSupport(server)];
  const { ticket_id } = await newTicket(server, people[0]);
  const again = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 100 };
  const lines = await Promise.all(people.map((person) => connect(server, person, transport, again)));
  const views = lines.map((line) => watch(line, ticket_id));
  const writers = lines.map((line, side) => startWriter(line, ticket_id, `${index}-${side}`, pace));
  return { ticket_id, people, lines, views, writers };
}

export function ackedBy(talks) {
  return talks.flatMap((talk) => talk.writers.flatMap((writer) => writer.acked));
}

export function countAcked(talks) {
  return talks.flatMap((talk) => talk.writers).reduce((sum, writer) => sum + writer.acked.length, 0);
}

export async function everybodyIsBack(talks) {
  const lines = talks.flatMap((talk) => talk.lines);
  await poll("everybody to be back", 30_000, () => lines.every((line) => line.socket.connected));
}

/** How long it takes until somebody is acked again, in milliseconds. */
export async function untilAcked(talks, limit = 20_000) {
  const [before, asked] = [countAcked(talks), Date.now()];
  await poll("a message to be acked", limit, () => countAcked(talks) > before);
  return Date.now() - asked;
}

/** Ends the load. Nothing acked may be lost, doubled, out of order or missing in a view. */
export async function endTalks(server, talks) {
  const findings = [];
  for (const talk of talks) {
    await Promise.all(talk.writers.map(stop));
    const rows = await allMessages(server, talk.people[0], talk.ticket_id);
    await catchUp(talk.views, rows.length);
    findings.push(judge(rows, talk.writers, talk.views));
  }
  const acked = countAcked(talks);
  const retries = talks.flatMap((talk) => talk.writers).reduce((sum, writer) => sum + writer.retries, 0);
  const sums = { lost: 0, doubled: 0, disordered: 0, holes: 0, differing_views: 0 };
  for (const finding of findings) for (const name of Object.keys(sums)) sums[name] += finding[name];
  const told = Object.entries(sums).map(([what, count]) => `${count} ${what.replace("_", " ")}`);
  console.log(`  ${acked} acked messages, ${retries} retries: ${told.join(", ")}`);
  for (const finding of findings) assert.deepEqual(finding, clean);
  return { acked, retries };
}
