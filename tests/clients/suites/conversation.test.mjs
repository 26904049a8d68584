// A whole conversation, once for each transport.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { allMessages, call, get, newCustomer, newSupport, newTicket, put } from "../harness/people.mjs";
import { allHeard, connect, heard, settle, tell, transports } from "../harness/sockets.mjs";
import { startServer, stopServer } from "../harness/server.mjs";
import { poll } from "../harness/wait.mjs";
import { facts } from "../harness/write.mjs";

let server;
before(async () => (server = await startServer()));
after(() => stopServer(server));

for (const transport of Object.keys(transports)) {
  test(`a conversation from the first word to the reopened ticket, ${transport}`, async () => {
    const [customer, support] = [await newCustomer(server), await newSupport(server)];
    const { ticket_id, ...fresh } = await newTicket(server, customer, { message_content: "Hello?", priority: "high" });
    assert.equal(fresh.status, "open");
    assert.equal(fresh.priority, "high");
    assert.equal(fresh.last_seq, 1);

    const theirs = await connect(server, customer, transport);
    const ours = await connect(server, support, transport);
    await onRightTransport(theirs, transport);
    const joined = await tell(theirs, "join_ticket", { ticket_id });
    assert.equal(joined.ticket.ticket_id, ticket_id);
    assert.deepEqual(joined.messages.map((message) => message.message_content), ["Hello?"]);
    assert.equal(joined.last_seq, 1);
    assert.equal(joined.has_more, false);
    assert.ok(Array.isArray(joined.online));
    await tell(ours, "join_ticket", { ticket_id });

    await bothWays(ticket_id, ours, theirs);
    await typing(ticket_id, theirs, ours);
    await reading(ticket_id, ours, theirs);
    await status(ticket_id, ours, theirs);
    await closeAndReopen(ticket_id, ours, theirs);

    const rows = await allMessages(server, customer, ticket_id);
    assert.deepEqual(rows.map((row) => row.seq), rows.map((_, place) => place + 1));
    for (const line of [ours, theirs]) {
      await heard(line, "chat_message", (message) => message.seq === rows.length);
      const replayed = await tell(line, "join_ticket", { ticket_id, after_seq: 0 });
      assert.deepEqual(replayed.messages.map(facts), rows.map(facts), "REST and socket tell the same");
      assert.deepEqual(allHeard(line, "chat_message").map(facts), rows.slice(1).map(facts), "live told it too, once");
    }
  });
}

async function onRightTransport(line, transport) {
  const wanted = transport === "polling" ? "polling" : "websocket";
  await poll(`the transport ${wanted}`, 5_000, () => line.socket.io.engine.transport.name === wanted);
}

async function bothWays(ticket_id, ours, theirs) {
  const turns = [
    [theirs, ours, "Is anybody there?"],
    [ours, theirs, "Yes.\nHow can I help? 🙂"],
  ];
  for (const [line, other, text] of turns) {
    const ack = await tell(line, "chat_message", { ticket_id, message_content: text });
    assert.equal(ack.message.message_content, text);
    assert.equal(ack.message.sender_id, line.person.id);
    assert.equal(ack.message.sender.id, line.person.id);
    assert.equal(ack.message.kind, "text");
    for (const receiver of [line, other]) {
      const message = await heard(receiver, "chat_message", (event) => event.message_id === ack.message.message_id);
      assert.equal(facts(message), facts(ack.message));
    }
  }
  const { ticket } = await heard(theirs, "ticket_updated", (event) => event.ticket.status === "in_progress");
  assert.equal(ticket.ticket_id, ticket_id, "an answer of support sets the ticket to work");
}

async function typing(ticket_id, writer, reader) {
  await tell(writer, "typing", { ticket_id, is_typing: true });
  const notice = await heard(reader, "typing", (event) => event.is_typing);
  assert.equal(notice.ticket_id, ticket_id);
  assert.equal(notice.user_id, writer.person.id);
  await tell(writer, "typing", { ticket_id, is_typing: false });
  await heard(reader, "typing", (event) => !event.is_typing);
  await settle(writer);
  assert.deepEqual(allHeard(writer, "typing"), [], "nobody is told of the own typing");
}

async function reading(ticket_id, reader, writer) {
  const { data } = await get(server, writer.person, `/api/messages/${ticket_id}`);
  const own = data.filter((message) => message.sender_id === writer.person.id);
  assert.equal(own.length, 2);
  await tell(reader, "message_read", { message_id: own[1].message_id });
  const notice = await heard(writer, "message_read", (event) => event.reader_id === reader.person.id);
  assert.equal(notice.ticket_id, ticket_id);
  assert.equal(notice.up_to_seq, own[1].seq);
  const marked = await get(server, writer.person, `/api/messages/${ticket_id}`);
  for (const message of marked.data.filter((message) => message.sender_id === writer.person.id)) {
    assert.equal(message.is_read, true);
    assert.ok(message.read_at);
  }
}

/** Customers see the status of the staff who have their ticket. */
async function status(ticket_id, ours, theirs) {
  await put(server, ours.person, `/api/tickets/${ticket_id}`, { support_id: ours.person.id });
  await tell(ours, "user_status", { status: "busy" });
  const busy = (event) => event.user_id === ours.person.id && event.status === "busy";
  const notice = await heard(theirs, "user_status", busy);
  assert.equal(notice.username, ours.person.username);
  const asked = await get(server, theirs.person, `/api/users/status?user_id=${ours.person.id}`);
  assert.equal(asked.status, "busy");
  const list = await heard(ours, "online_users", (users) => users.some((user) => user.user_id === theirs.person.id));
  assert.equal(new Set(list.map((user) => user.user_id)).size, list.length);
}

async function closeAndReopen(ticket_id, ours, theirs) {
  for (const line of [ours, theirs]) line.events = line.events.filter((event) => event.name !== "ticket_updated");
  await put(server, ours.person, `/api/tickets/${ticket_id}`, { status: "closed" });
  for (const line of [ours, theirs]) {
    const notice = await heard(line, "ticket_updated", (event) => event.ticket.status === "closed");
    assert.ok(notice.changed.includes("status"));
    assert.ok(notice.ticket.closed_at);
  }
  await tell(theirs, "chat_message", { ticket_id, message_content: "It came off again." });
  for (const line of [ours, theirs]) {
    const notice = await heard(line, "ticket_updated", (event) => event.ticket.status === "open");
    assert.equal(notice.ticket.closed_at, null);
    await settle(line);
    assert.equal(allHeard(line, "ticket_updated").length, 2, "each change is told once");
  }
}

test("a deleted ticket leaves its room, and everybody in it is told once", async () => {
  const [customer, support] = [await newCustomer(server), await newSupport(server)];
  const { ticket_id } = await newTicket(server, customer);
  const lines = [await connect(server, customer), await connect(server, support)];
  for (const line of lines) await tell(line, "join_ticket", { ticket_id });
  await call(server, "DELETE", `/api/tickets/${ticket_id}`, { token: support.token });
  for (const line of lines) {
    await heard(line, "ticket_deleted", (gone) => gone.ticket_id === ticket_id);
    const ack = await line.socket.timeout(5_000).emitWithAck("chat_message", { ticket_id, message_content: "Hello?" });
    assert.equal(ack.error.code, "not_found");
    assert.equal(allHeard(line, "ticket_deleted").length, 1);
  }
});
