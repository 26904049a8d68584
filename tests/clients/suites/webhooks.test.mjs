// Webhooks from outside: a server that is killed between sending and hearing the answer, and two servers that share the work.

import assert from "node:assert/strict";
import { test } from "node:test";

import { startReceiver, verified } from "../harness/webhooks.mjs";
import { newCustomer, newStaff, newTicket, post } from "../harness/people.mjs";
import { runSql, startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { endProcess, launch, startServer, stopServer, withServer } from "../harness/server.mjs";
import { pause } from "../harness/wait.mjs";
import { tellAll } from "../trials/webhooks.mjs";

const settings = (receiver) => ({
  SMILECHAT_OUTBOUND__OWN_HOSTS: receiver.host,
  SMILECHAT_NOTIFICATIONS__WEBHOOK_TIMEOUT_SECONDS: "2",
});
/** A claim lasts for the time of the request and ten seconds more. */
const LEASE = 12_000;

const begin = async (server, receiver, types) => {
  const [admin, customer] = [await newStaff(server, "admin"), await newCustomer(server)];
  const { secret } = await post(server, admin, "/api/webhooks", { url: receiver.url("/hook"), types });
  return { admin, customer, secret };
};

test("what was sent when the server was killed is sent again, with the same id and the same words", { timeout: 120_000 }, async () => {
  const receiver = await startReceiver();
  await withServer({ env: settings(receiver) }, async (server) => {
    const { customer, secret } = await begin(server, receiver, ["ticket.created", "message.sent"]);
    let held;
    receiver.answer = (_, response) => (held = response);
    const { ticket_id } = await newTicket(server, customer, { message_content: "Hello?" });
    await receiver.until("/hook", 1);
    await endProcess(server, "SIGKILL");
    held.writeHead(204).end();
    receiver.answer = undefined;
    await launch(server);
    await post(server, customer, `/api/messages/${ticket_id}`, { message_content: "Anybody?" });
    const told = await receiver.until("/hook", 4, LEASE + 20_000);
    assert.deepEqual(told.map(({ body }) => body.type), ["ticket.created", "ticket.created", "message.sent", "message.sent"]);
    assert.deepEqual(told.slice(2).map(({ body }) => body.data.message.message_content), ["Hello?", "Anybody?"]);
    assert.equal(told[0].headers["webhook-id"], told[1].headers["webhook-id"]);
    assert.equal(told[0].raw, told[1].raw);
    for (const one of told) assert.deepEqual(verified(secret, one), one.body);
    assert.throws(() => verified(secret, { ...told[0], raw: `${told[0].raw} ` }));
    assert.throws(() => verified(secret, { ...told[0], headers: { ...told[0].headers, "webhook-id": "msg_other" } }));
  });
  await receiver.stop();
});

test("killed over and over, with dead receivers beside it, each thing is told, in order and in the same words", { timeout: 120_000 }, async () => {
  console.log("killing a server three times while a receiver is told of messages (about 25 s) ...");
  await tellAll({ kills: 3, messages: 320, seconds: 1.5, judged: 0 });
});

test("a server that is stopped gives back what it has no answer to, and another one sends it at once", { timeout: 120_000 }, async () => {
  const [postgres, receiver] = [await startPostgres(), await startReceiver()];
  runSql(postgres, "create database hooks");
  const env = { ...settings(receiver), SMILECHAT_NOTIFICATIONS__WEBHOOK_TIMEOUT_SECONDS: "25" };
  const options = { databaseUrl: postgres.url.replace(/postgres$/, "hooks"), env };
  const first = await startServer(options);
  const nodes = [first];
  try {
    const { customer } = await begin(first, receiver, ["ticket.created", "message.sent"]);
    receiver.answer = () => undefined;
    await newTicket(first, customer, { message_content: "Hello?" });
    await receiver.until("/hook", 1);
    nodes.push(await startServer(options));
    receiver.answer = undefined;
    nodes.shift();
    const stopped = Date.now();
    await stopServer(first);
    // Its claim would have lasted for 35 s.
    const told = await receiver.until("/hook", 3, 5_000);
    console.log(`sent by the other one ${told[1].at - stopped} ms after SIGTERM`);
    assert.deepEqual(told.map(({ body }) => body.type), ["ticket.created", "ticket.created", "message.sent"]);
    assert.equal(told[0].headers["webhook-id"], told[1].headers["webhook-id"]);
    assert.equal(told[0].raw, told[1].raw);
  } finally {
    for (const node of nodes) await stopServer(node);
    stopPostgres(postgres);
    await receiver.stop();
  }
});

test("two servers tell each thing once and in order, and one that is dead delays no other", { timeout: 120_000 }, async () => {
  const [postgres, receiver] = [await startPostgres(), await startReceiver()];
  runSql(postgres, "create database hooks");
  const options = { databaseUrl: postgres.url.replace(/postgres$/, "hooks"), env: settings(receiver) };
  const nodes = [await startServer(options), await startServer(options)];
  try {
    const { admin, customer } = await begin(nodes[0], receiver, ["ticket.created", "message.sent"]);
    await post(nodes[0], admin, "/api/webhooks", { url: receiver.url("/dead"), types: ["message.sent"] });
    receiver.answer = ({ path }, response) => path !== "/dead" && response.writeHead(204).end();
    const tickets = [];
    for (let place = 0; place < 4; place += 1) tickets.push((await newTicket(nodes[place % 2], customer)).ticket_id);
    const sent = Date.now();
    for (let round = 0; round < 20; round += 1) {
      const send = (ticket, place) => post(nodes[(round + place) % 2], customer, `/api/messages/${ticket}`, { message_content: `${round}` });
      await Promise.all(tickets.map(send));
    }
    const told = await receiver.until("/hook", 84);
    console.log(`84 deliveries, the last ${told.at(-1).at - sent} ms after the first message was sent`);
    await pause(2_000);
    assert.equal(receiver.at("/hook").length, 84);
    assert.equal(new Set(told.map(({ headers }) => headers["webhook-id"])).size, 84);
    for (const ticket of tickets) {
      const seqs = told.filter(({ raw }) => raw.includes(ticket)).map(({ body }) => body.data.message?.seq ?? 0);
      assert.deepEqual(seqs, [...Array(21).keys()]);
    }
  } finally {
    for (const node of nodes) await stopServer(node);
    stopPostgres(postgres);
    await receiver.stop();
  }
});
