// What is new in a ticket, told to those who have not joined it: the tenant's staff and its own customer, and nobody else.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { call, get, newCustomer, newSupport, newTicket, post } from "../harness/people.mjs";
import { runCommand, startServer, stopServer } from "../harness/server.mjs";
import { allHeard, connect, forget, heard, tell, transports } from "../harness/sockets.mjs";

let server;
before(async () => (server = await startServer()));
after(() => stopServer(server));

const tells = (ticket_id, last_seq, unread_count) => (activity) =>
  activity.ticket_id === ticket_id && activity.last_seq === last_seq && activity.unread_count === unread_count;

/** Staff of another tenant, as its secret key makes them. */
async function newStranger() {
  const tenant = JSON.parse(await runCommand(server, ["tenant", "create", "--name", `other-${Date.now()}`]));
  const username = "sid";
  const password = "staple of the support";
  await runCommand(
    server,
    ["user", "create", "--username", username, "--role", "support", "--tenant", tenant.name, "--password-stdin"],
    `${password}\n`,
  );
  const headers = { "x-api-key": tenant.publishable_key };
  const { status, body } = await call(server, "POST", "/api/auth/login", { headers, body: { username, password } });
  assert.equal(status, 200, JSON.stringify(body));
  return { id: body.user.id, token: body.access_token };
}

for (const transport of Object.keys(transports)) {
  test(`staff and the customer hear what is new without joining, ${transport}`, async () => {
    const [customer, sue] = [await newCustomer(server), await newSupport(server)];
    const [desk, phone] = [await connect(server, sue, transport), await connect(server, customer, transport)];
    const { ticket_id } = await newTicket(server, customer);
    const text = `  Is it\n\tthere? ${"é".repeat(200)}`;
    const first = await post(server, customer, `/api/messages/${ticket_id}`, { message_content: text });

    const atDesk = await heard(desk, "ticket_activity", tells(ticket_id, 1, 1));
    const { updated_at } = await get(server, sue, `/api/tickets/${ticket_id}`);
    assert.deepEqual(atDesk, {
      ticket_id,
      last_seq: 1,
      unread_count: 1,
      updated_at,
      last_message: {
        text: `Is it there? ${"é".repeat(127)}`,
        sender_id: customer.id,
        sender_role: "customer",
        kind: "text",
        timestamp: first.timestamp,
      },
    });
    // To the one who wrote it there is nothing unread.
    const atPhone = await heard(phone, "ticket_activity", tells(ticket_id, 1, 0));
    assert.deepEqual(atPhone, { ...atDesk, unread_count: 0 });

    // The desk reads: news for the desk, and none for the customer.
    forget(phone);
    await tell(desk, "message_read", { ticket_id, up_to_seq: 1 });
    await heard(desk, "ticket_activity", tells(ticket_id, 1, 0));
    await post(server, sue, `/api/messages/${ticket_id}`, { message_content: "It is." });
    const answered = await heard(phone, "ticket_activity", tells(ticket_id, 2, 1));
    assert.deepEqual([answered.last_message.text, answered.last_message.sender_role], ["It is.", "support"]);
    assert.equal(allHeard(phone, "ticket_activity").length, 1);
    await tell(phone, "message_read", { ticket_id, up_to_seq: 2 });
    await heard(phone, "ticket_activity", tells(ticket_id, 2, 0));
    for (const line of [desk, phone]) assert.deepEqual(allHeard(line, "chat_message"), []);
  });
}

test("other customers and other tenants hear nothing, and nobody hears of a note", async () => {
  const [customer, neighbour, sue, sid] = [
    await newCustomer(server),
    await newCustomer(server),
    await newSupport(server),
    await newStranger(),
  ];
  const desk = await connect(server, sue);
  const [next, away] = [await connect(server, neighbour), await connect(server, sid)];
  const { ticket_id } = await newTicket(server, customer, { message_content: "for you alone" });
  await heard(desk, "ticket_activity", tells(ticket_id, 1, 1));
  forget(desk);
  await post(server, sue, `/api/tickets/${ticket_id}/notes`, { body: "a secret" });
  await heard(desk, "ticket_note");

  // They are told of what is theirs; by then they would have been told of the other as well.
  const theirs = await newTicket(server, neighbour, { message_content: "mine" });
  await heard(next, "ticket_activity", tells(theirs.ticket_id, 1, 0));
  const elsewhere = await newTicket(server, sid, { message_content: "elsewhere" });
  await heard(away, "ticket_activity", (activity) => activity.ticket_id === elsewhere.ticket_id);
  await heard(desk, "ticket_activity", tells(theirs.ticket_id, 1, 1));
  const ids = (line) => allHeard(line, "ticket_activity").map((activity) => activity.ticket_id);
  assert.deepEqual([ids(next), ids(away), ids(desk)], [[theirs.ticket_id], [elsewhere.ticket_id], [theirs.ticket_id]]);
});

test("a flood is a handful of events, the last one with the last message", { timeout: 60_000 }, async () => {
  const [customer, sue] = [await newCustomer(server), await newSupport(server)];
  const [desk, phone] = [await connect(server, sue), await connect(server, customer)];
  const { ticket_id } = await newTicket(server, customer);
  const begun = Date.now();
  const texts = Array.from({ length: 200 }, (_, n) => `message ${n + 1}`);
  await Promise.all(texts.map((message_content) => tell(phone, "chat_message", { ticket_id, message_content })));
  const last = await heard(desk, "ticket_activity", tells(ticket_id, 200, 200));
  // One for each quarter of a second, however long this machine takes.
  const most = Math.ceil((Date.now() - begun) / 250) + 1;
  assert.equal(last.last_message.text, "message 200");
  const all = allHeard(desk, "ticket_activity");
  console.log(`200 messages in ${Date.now() - begun} ms: ${all.length} events`);
  assert.ok(all.length <= most && all.length < 100, `${all.length} events, at most ${most}`);
  assert.deepEqual(all.map((one) => one.last_seq), all.map((one) => one.last_seq).sort((one, other) => one - other));
});

test("nothing is told of a ticket that is gone", async () => {
  const [customer, sue] = [await newCustomer(server), await newSupport(server)];
  const desk = await connect(server, sue);
  for (let round = 0; round < 20; round++) {
    const { ticket_id } = await newTicket(server, customer, { message_content: "here" });
    const { status } = await call(server, "DELETE", `/api/tickets/${ticket_id}`, { token: sue.token });
    assert.equal(status, 204);
  }
  const { ticket_id } = await newTicket(server, customer, { message_content: "the end" });
  await heard(desk, "ticket_activity", tells(ticket_id, 1, 1));
  const gone = new Set();
  for (const { name, payload } of desk.events) {
    if (name === "ticket_deleted") gone.add(payload.ticket_id);
    if (name === "ticket_activity") assert.ok(!gone.has(payload.ticket_id), "told after it was deleted");
  }
  assert.equal(gone.size, 20);
});
