// Support's private notes never reach a customer, on no way.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { allMessages, call, get, newCustomer, newSupport, newTicket, post } from "../harness/people.mjs";
import { startServer, stopServer } from "../harness/server.mjs";
import { connect, heard, tell, transports } from "../harness/sockets.mjs";

let server;
before(async () => (server = await startServer()));
after(() => stopServer(server));

for (const transport of Object.keys(transports)) {
  test(`a note is for support alone, ${transport}`, async () => {
    const canary = `canary-${transport}`;
    const [customer, support] = [await newCustomer(server), await newSupport(server)];
    const { ticket_id } = await newTicket(server, customer, { message_content: "first" });
    const [theirs, ours] = [await connect(server, customer, transport), await connect(server, support, transport)];
    for (const line of [theirs, ours]) await tell(line, "join_ticket", { ticket_id });

    const note = await post(server, support, `/api/tickets/${ticket_id}/notes`, { body: `difficult, ${canary}` });
    const notice = await heard(ours, "ticket_note", (event) => JSON.stringify(event).includes(note.note_id));
    assert.ok(JSON.stringify(notice).includes(ticket_id));
    const { data } = await get(server, support, `/api/tickets/${ticket_id}/notes`);
    assert.deepEqual(data.map((kept) => kept.body), [`difficult, ${canary}`]);

    const path = `/api/tickets/${ticket_id}/notes`;
    for (const [method, body] of [["GET"], ["POST", { body: "mine" }]]) {
      const refused = await call(server, method, path, { token: customer.token, body });
      assert.ok([403, 404].includes(refused.status), `${method}: ${refused.status}`);
    }
    // What comes after the note on the same way shows that the note would have been there by now.
    await tell(ours, "chat_message", { ticket_id, message_content: "second" });
    await heard(theirs, "chat_message", (message) => message.message_content === "second");
    const replayed = await tell(theirs, "join_ticket", { ticket_id, after_seq: 0 });
    const rows = await allMessages(server, customer, ticket_id);
    const found = await get(server, customer, `/api/tickets?q=${canary}`);
    assert.ok(!JSON.stringify([theirs.events, replayed, rows, found]).includes(canary));
    assert.deepEqual(theirs.events.filter((event) => event.name === "ticket_note"), []);
    assert.deepEqual(rows.map((row) => row.seq), rows.map((_, place) => place + 1), "a note takes no seq");
  });
}
