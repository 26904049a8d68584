// Marks of what has reached the other side: many tickets and both sides in one moment, each message marked and told once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { allMessages, call, newCustomer, newStaff, newSupport, newTicket, post } from "../harness/people.mjs";
import { startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { withServer } from "../harness/server.mjs";
import { allHeard, connect, heard, settle, tell } from "../harness/sockets.mjs";
import { poll } from "../harness/wait.mjs";

const TICKETS = 12;

test("messages of many tickets at once are marked as delivered and told once each, sqlite", () => withServer({}, marks));

test("messages of many tickets at once are marked as delivered and told once each, postgres", async () => {
  const postgres = await startPostgres();
  try {
    await withServer({ databaseUrl: postgres.url }, marks);
  } finally {
    stopPostgres(postgres);
  }
});

async function marks(server) {
  const [support, admin] = [await newSupport(server), await newStaff(server, "admin")];
  const ours = await connect(server, support);
  const talks = await Promise.all(
    Array.from({ length: TICKETS }, async () => {
      const customer = await newCustomer(server);
      const { ticket_id } = await newTicket(server, customer);
      const theirs = await connect(server, customer);
      for (const line of [theirs, ours]) await tell(line, "join_ticket", { ticket_id });
      return { ticket_id, customer, theirs };
    }),
  );
  const apart = await newCustomer(server);
  const unheard = await newTicket(server, apart);
  const alone = await connect(server, apart);
  await tell(alone, "join_ticket", { ticket_id: unheard.ticket_id });
  await tell(alone, "chat_message", { ticket_id: unheard.ticket_id, message_content: "Is anybody there?" });

  await Promise.all(
    talks.flatMap(({ ticket_id, theirs }) => [
      tell(theirs, "chat_message", { ticket_id, message_content: "One" }),
      tell(theirs, "chat_message", { ticket_id, message_content: "Two" }),
      tell(ours, "chat_message", { ticket_id, message_content: "Three" }),
    ]),
  );
  const gone = talks.pop();
  assert.equal((await call(server, "DELETE", `/api/tickets/${gone.ticket_id}`, { token: admin.token })).status, 204);

  for (const { ticket_id, customer, theirs } of talks) {
    const marked = () => allHeard(theirs, "message_delivered").flatMap((event) => event.message_ids);
    await poll("all three are delivered", 5_000, () => marked().length >= 3);
    const stored = await allMessages(server, customer, ticket_id);
    assert.deepEqual(marked().sort(), stored.map((message) => message.message_id).sort());
    for (const message of stored) assert.ok(message.delivered_at >= message.timestamp, `${message.message_id} is marked`);
  }
  // A message later, the marks go on from where they were.
  const [{ ticket_id, customer, theirs }] = talks;
  await post(server, customer, `/api/messages/${ticket_id}`, { message_content: "Four" });
  const last = await heard(theirs, "message_delivered", (event) => event.up_to_seq === 4);
  assert.deepEqual(last.message_ids, [`${ticket_id}.4`]);
  await settle(theirs);
  assert.equal(allHeard(theirs, "message_delivered").flatMap((event) => event.message_ids).length, 4, "nothing twice");
  const [waiting] = await allMessages(server, apart, unheard.ticket_id);
  assert.equal(waiting.delivered_at, null, "nobody got it");
}
