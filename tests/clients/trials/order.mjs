// One order for all, on two nodes at once: eight write to one ticket while others read it live, page by page, and through
// sockets that begin with polling and go over to a WebSocket in mid-stream. And what is sent many times under one `client_id`,
// by sockets and REST on both nodes at once, is one message.
//
//   node tests/clients/trials/order.mjs --messages 20000 --repeats 400

import assert from "node:assert/strict";

import { withCluster } from "../harness/cluster.mjs";
import { asCommand } from "../harness/command.mjs";
import { allMessages, get, newCustomer, newSupport, newTicket, post } from "../harness/people.mjs";
import { between, chooseSeed, seeded } from "../harness/random.mjs";
import { connect, open, tell, transports } from "../harness/sockets.mjs";
import { catchUp, watch } from "../harness/view.mjs";
import { pause, poll } from "../harness/wait.mjs";
import { clean, facts, judge, startWriter, stop } from "../harness/write.mjs";

/** `messages` are those of the eight; `repeats` are client_ids, each sent 2 to 50 times. */
export async function oneOrder({ nodes }, { messages = 400, repeats = 8, seed } = {}) {
  const random = seeded(chooseSeed(seed));
  const people = [await newCustomer(nodes[0]), await newSupport(nodes[0])];
  await eightWrite(nodes, people, messages, random);
  await repeatAtOnce(nodes, people, repeats, random);
}

async function eightWrite(nodes, people, messages, random) {
  const { ticket_id } = await newTicket(nodes[0], people[0]);
  const views = await joinAll(nodes, people[1], ticket_id);
  const writers = [];
  for (let place = 0; place < 8; place += 1) {
    const line = await connect(nodes[place >> 2], people[place % 2], Object.keys(transports)[place % 3]);
    views.push(watch(line, ticket_id));
    writers.push(startWriter(line, ticket_id, `sender ${place}`, { window: 5, limit: messages / 8 }));
  }
  const over = { writing: false, visiting: false };
  const guests = [0, 1, 2, 3].map((place) => {
    const who = { name: `guest ${place}`, node: nodes[place % 2], person: people[place >> 1] };
    return comeAndGo({ ...who, ticketId: ticket_id, ahead: views[0] }, random, () => over.writing);
  });
  const readers = people.map((person) => readPages(nodes, person, ticket_id, () => over.visiting));
  await Promise.all(writers.map((writer) => writer.done));
  over.writing = true;
  const visits = (await Promise.all(guests)).flat();
  over.visiting = true;
  const pages = await Promise.all(readers);
  writers.push(...visits.map((visit) => visit.writer));
  const rows = await allMessages(nodes[0], people[0], ticket_id);
  await catchUp(views, rows.length);

  const verdict = judge(rows, writers, [...views, ...pages]);
  // A guest has seen a part of it: up to what another one had seen before it left.
  const isWhole = ({ from, wanted, seen }) => from + seen.length >= wanted && same(seen, rows.slice(from, from + seen.length));
  const differing = visits.filter((visit) => !isWhole(visit)).length;
  const faults = [...verdict.faults, ...visits.flatMap((visit) => visit.faults)];
  const read = pages.reduce((sum, reader) => sum + reader.pages, 0);
  const { lost, holes, disordered, doubled, differing_views } = verdict;
  console.log(
    `8 senders at two nodes, ${rows.length} messages, ${visits.length} upgrades under way, ${read} pages by REST: ` +
      `${disordered + faults.length} out of order, ${doubled} doubled, ${lost + holes + differing_views + differing} missed`,
  );
  assert.deepEqual([verdict, differing, faults], [clean, 0, []]);
  assert.ok(visits.length > 0 && read > 2, "there was something to see");
  for (const { line } of views) line.socket.disconnect();
}

/** The views of one who is at each node by each transport. */
async function joinAll(nodes, person, ticketId) {
  const each = nodes.flatMap((node) => Object.keys(transports).map((transport) => connect(node, person, transport)));
  const views = (await Promise.all(each)).map((line) => watch(line, ticketId));
  await poll("all to have joined", 10_000, () => views.every((view) => !view.replaying));
  return views;
}

/** Joins by polling, goes over to a WebSocket while it reads and writes, leaves, and comes again. */
async function comeAndGo({ name, node, person, ticketId, ahead }, random, isOver) {
  const visits = [];
  while (!isOver()) {
    // Half of them go over while they join, as the client does by itself.
    const isLate = random() < 0.5;
    const line = open(node, person, "upgrade", { upgrade: !isLate });
    const { engine } = line.socket.io;
    const view = watch(line, ticketId);
    view.messages.push(...ahead.messages);
    const from = view.messages.length;
    await poll(`${name} to have joined`, 10_000, () => !view.replaying);
    const writer = startWriter(line, ticketId, `${name}, visit ${visits.length}`, { window: 3, gap: 20 });
    const goesOn = () => {
      const [seen, acked] = [view.messages.length, writer.acked.length];
      return poll(`${name} to go on`, 10_000, () => view.messages.length > seen && writer.acked.length > acked + 3);
    };
    if (isLate) {
      await goesOn();
      // What the client does where `upgrade` is set, at another moment.
      engine._probe("websocket");
    }
    await poll(`${name} to go over`, 10_000, () => engine.transport.name === "websocket");
    await goesOn();
    await stop(writer);
    const wanted = ahead.messages.length;
    await catchUp([view], wanted);
    line.socket.disconnect();
    visits.push({ writer, faults: view.faults, from, wanted, seen: view.messages.slice(from) });
    await pause(between(random, 0, 500));
  }
  return visits;
}

/** Page by page as they grow, from one node and the other in turn: each page begins ten before the end of the last one. */
async function readPages(nodes, person, ticketId, isOver) {
  const view = { messages: [], faults: [], pages: 0 };
  for (let isLast = false; !isLast; view.pages += 1) {
    isLast = isOver();
    const known = view.messages.length;
    const after = Math.max(0, known - 10);
    const { data } = await get(nodes[view.pages % 2], person, `/api/messages/${ticketId}?after_seq=${after}&limit=100`);
    const isInOrder = data.every(({ seq }, place) => seq === after + place + 1);
    // What was there at one node is there at the other.
    const isAsBefore = same(data.slice(0, known - after), view.messages.slice(after));
    if (!isInOrder || !isAsBefore) view.faults.push(`a page of ${data.length} after ${after}, where ${known} are known`);
    view.messages.push(...data.slice(known - after));
    isLast &&= data.length < 100;
    await pause(20);
  }
  return view;
}

/** The two sides take turns at the same time: each `client_id` is one user's. */
async function repeatAtOnce(nodes, people, repeats, random) {
  const { ticket_id } = await newTicket(nodes[0], people[0]);
  const views = [...(await joinAll(nodes, people[0], ticket_id)), ...(await joinAll(nodes, people[1], ticket_id))];
  let sent = 0;
  const sendAll = async (person) => {
    const lines = views.map((view) => view.line).filter((line) => line.person === person);
    const writer = { acked: [], faults: [] };
    for (let index = 0; index < repeats / 2; index += 1) {
      const message = { message_content: `Said ${index}`, client_id: `${person.username}/${index}` };
      const send = () =>
        random() < 0.5
          ? post(oneOf(nodes, random), person, `/api/messages/${ticket_id}`, message)
          : tell(oneOf(lines, random), "chat_message", { ticket_id, ...message }).then((ack) => ack.message);
      const answers = await Promise.all(Array.from({ length: Math.floor(between(random, 2, 51)) }, send));
      sent += answers.length;
      assert.deepEqual([...new Set(answers.map(facts))], [facts(answers[0])], "all are told of one message");
      writer.acked.push(answers[0]);
    }
    return writer;
  };
  const writers = await Promise.all(people.map(sendAll));
  const rows = await allMessages(nodes[1], people[0], ticket_id);
  await catchUp(views, rows.length);
  console.log(`${repeats} client_ids sent ${sent} times at once, by sockets and REST: ${rows.length} rows`);
  assert.deepEqual(judge(rows, writers, views), clean);
  assert.equal(rows.length, repeats);
  for (const { line } of views) line.socket.disconnect();
}

const oneOf = (some, random) => some[Math.floor(random() * some.length)];

const same = (some, others) => some.map(facts).join() === others.map(facts).join();

await asCommand(import.meta.url, { messages: 20_000, repeats: 400 }, (options) =>
  withCluster({}, (cluster) => oneOrder(cluster, options)),
);
