// One order for all, and one row for each client_id.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { allMessages, call, newCustomer, newSupport, newTicket } from "../harness/people.mjs";
import { startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { startServer, stopServer, withServer } from "../harness/server.mjs";
import { allHeard, ask, connect, heard, settle, tell, transports } from "../harness/sockets.mjs";
import { catchUp, watch } from "../harness/view.mjs";
import { clean, facts, judge, startWriter } from "../harness/write.mjs";

let server;
before(async () => (server = await startServer()));
after(() => stopServer(server));

for (const transport of Object.keys(transports)) {
  test(`200 messages sent without waiting keep their order, ${transport}`, async () => {
    const { ticket_id, theirs, ours } = await ticketWithTwo(transport);
    const answered = [];
    const acks = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const ack = await tell(theirs, "chat_message", { ticket_id, message_content: `message ${index}` });
        answered.push(index);
        return ack.message;
      }),
    );
    const sent = acks.map((_, index) => index);
    assert.deepEqual(answered, sent, "acks come in the order sent");
    assert.deepEqual(acks.map((message) => message.seq), sent.map((index) => index + 1));
    assert.deepEqual(acks.map((message) => message.message_content), sent.map((index) => `message ${index}`));
    for (const line of [theirs, ours]) {
      await heard(line, "chat_message", (message) => message.seq === 200);
      assert.deepEqual(allHeard(line, "chat_message").map(facts), acks.map(facts), `as ${line.person.username} saw it`);
    }
  });

  test(`30 parallel sends of one client_id make one message, ${transport}`, async () => {
    const { ticket_id, customer, theirs, ours } = await ticketWithTwo(transport);
    const lines = [theirs, await connect(server, customer, transport), await connect(server, customer, transport)];
    const message = { message_content: "once", client_id: "the same" };
    const sends = Array.from({ length: 30 }, (_, index) =>
      index % 2
        ? tell(lines[index % 3], "chat_message", { ticket_id, ...message }).then((ack) => ack.message)
        : call(server, "POST", `/api/messages/${ticket_id}`, { token: customer.token, body: message }).then(stored),
    );
    const ids = new Set((await Promise.all(sends)).map((stored) => stored.message_id));
    assert.equal(ids.size, 1);
    assert.equal((await allMessages(server, customer, ticket_id)).length, 1);
    await heard(ours, "chat_message");
    await settle(ours);
    assert.equal(allHeard(ours, "chat_message").length, 1);

    const other = { ticket_id, message_content: "twice", client_id: "the same" };
    assert.equal((await ask(theirs, "chat_message", other)).error.code, "client_id_reused");
    const body = { ...message, message_content: "twice" };
    const refused = await call(server, "POST", `/api/messages/${ticket_id}`, { token: customer.token, body });
    assert.equal(refused.status, 409);
    assert.equal(refused.body.code, "client_id_reused");
    assert.equal((await allMessages(server, customer, ticket_id)).length, 1);
  });

  test(`8 senders at once: everybody sees the one order, ${transport}`, async () => {
    const { ticket_id, customer, support } = await ticketWithTwo(transport);
    const lines = await Promise.all(
      Array.from({ length: 8 }, (_, index) => connect(server, index % 2 ? support : customer, transport)),
    );
    const views = lines.map((line) => watch(line, ticket_id));
    const pace = { window: 5, limit: 40 };
    const writers = lines.map((line, index) => startWriter(line, ticket_id, `sender ${index}`, pace));
    await Promise.all(writers.map((writer) => writer.done));
    const rows = await allMessages(server, support, ticket_id);
    await catchUp(views, rows.length);
    assert.deepEqual(judge(rows, writers, views), clean);
    assert.equal(rows.filter((row) => row.client_id).length, 320);
  });
}

test("repeats among new messages, sent without waiting, leave no hole, on both databases", async () => {
  const postgres = await startPostgres();
  try {
    await withServer({ databaseUrl: postgres.url }, repeatAmongNew);
  } finally {
    stopPostgres(postgres);
  }
  await repeatAmongNew(server);
});

async function repeatAmongNew(server) {
  const { ticket_id, customer, theirs, ours } = await ticketWithTwo("websocket", server);
  const burst = async (letters) => {
    const sends = [...letters].map((letter) =>
      tell(theirs, "chat_message", { ticket_id, message_content: `said ${letter}`, client_id: letter }),
    );
    return (await Promise.all(sends)).map((ack) => ack.message.seq);
  };
  // Twice, because a statement is sent in another way once it is known to the connection.
  assert.deepEqual(await burst("ab"), [1, 2]);
  assert.deepEqual(await burst("cadbcee"), [3, 1, 4, 2, 3, 5, 5]);
  assert.deepEqual(await burst("fagbgbhi"), [6, 1, 7, 2, 7, 2, 8, 9]);
  assert.deepEqual(await burst("abc"), [1, 2, 3]);
  const rows = await allMessages(server, customer, ticket_id);
  assert.deepEqual(rows.map((row) => [row.seq, row.client_id]), [..."abcdefghi"].map((letter, index) => [index + 1, letter]));
  await heard(ours, "chat_message", (message) => message.seq === 9);
  assert.deepEqual(allHeard(ours, "chat_message").map(facts), rows.map(facts));
}

async function ticketWithTwo(transport, at = server) {
  const [customer, support] = [await newCustomer(at), await newSupport(at)];
  const { ticket_id } = await newTicket(at, customer);
  const [theirs, ours] = [await connect(at, customer, transport), await connect(at, support, transport)];
  for (const line of [theirs, ours]) await tell(line, "join_ticket", { ticket_id });
  return { ticket_id, customer, support, theirs, ours };
}

function stored(answer) {
  assert.ok([200, 201].includes(answer.status), JSON.stringify(answer.body));
  return answer.body;
}
