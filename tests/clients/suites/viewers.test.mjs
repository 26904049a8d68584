// Who of the staff has a ticket open: each of them once, told to staff alone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { newCustomer, newSupport, newTicket, put } from "../harness/people.mjs";
import { startServer, stopServer } from "../harness/server.mjs";
import { allHeard, connect, forget, heard, tell, transports } from "../harness/sockets.mjs";

let server;
before(async () => (server = await startServer()));
after(() => stopServer(server));

const ids = (...people) => people.map((person) => person.id).sort();
const shows = (ticket_id, ...people) => (event) =>
  event.ticket_id === ticket_id &&
  JSON.stringify(event.viewers.map((viewer) => viewer.user_id).sort()) === JSON.stringify(ids(...people));

for (const transport of Object.keys(transports)) {
  test(`staff see who else looks, ${transport}`, async () => {
    const [customer, sue, sam] = [await newCustomer(server), await newSupport(server), await newSupport(server)];
    await put(server, sue, "/api/users/profile", { name: "Sue", avatar_url: "https://shop.example/sue.png" });
    const { ticket_id } = await newTicket(server, customer);
    const theirs = await connect(server, customer, transport);
    await tell(theirs, "join_ticket", { ticket_id });
    const [tab, otherTab, sams] = [
      await connect(server, sue, transport),
      await connect(server, sue, transport),
      await connect(server, sam, transport),
    ];

    await tell(tab, "join_ticket", { ticket_id });
    const alone = await heard(tab, "ticket_viewers", shows(ticket_id, sue));
    assert.deepEqual(alone, {
      ticket_id,
      viewers: [{ user_id: sue.id, name: "Sue", avatar_url: "https://shop.example/sue.png" }],
    });
    // A second tab is told, and changes nothing for the first.
    await tell(otherTab, "join_ticket", { ticket_id });
    await heard(otherTab, "ticket_viewers", shows(ticket_id, sue));
    await tell(sams, "join_ticket", { ticket_id });
    for (const line of [tab, otherTab, sams]) await heard(line, "ticket_viewers", shows(ticket_id, sue, sam));
    assert.equal(allHeard(tab, "ticket_viewers").length, 2);

    // One tab of two goes: she still looks. Then the other.
    forget(sams);
    await tell(otherTab, "leave_ticket", { ticket_id });
    await tell(sams, "join_ticket", { ticket_id });
    await heard(sams, "ticket_viewers", shows(ticket_id, sue, sam));
    forget(sams);
    tab.socket.disconnect();
    await heard(sams, "ticket_viewers", shows(ticket_id, sam));
    assert.equal(allHeard(sams, "ticket_viewers").length, 1);

    // What comes after on the same way shows that the customer would have been told by now.
    await tell(sams, "chat_message", { ticket_id, message_content: "last" });
    await heard(theirs, "chat_message", (message) => message.message_content === "last");
    assert.deepEqual(allHeard(theirs, "ticket_viewers"), []);
  });
}

test("who may not see the ticket is neither shown nor told", async () => {
  const [customer, stranger, sue] = [await newCustomer(server), await newCustomer(server), await newSupport(server)];
  const { ticket_id } = await newTicket(server, customer);
  const [theirs, ours] = [await connect(server, stranger), await connect(server, sue)];
  const refused = await theirs.socket.timeout(10_000).emitWithAck("join_ticket", { ticket_id });
  assert.equal(refused.error.code, "not_found");
  await tell(ours, "join_ticket", { ticket_id });
  const { viewers } = await heard(ours, "ticket_viewers");
  assert.deepEqual(viewers.map((viewer) => viewer.user_id), [sue.id]);
  // Who left is told no more; who comes again is.
  await tell(ours, "leave_ticket", { ticket_id });
  forget(ours);
  await tell(ours, "join_ticket", { ticket_id });
  await heard(ours, "ticket_viewers", shows(ticket_id, sue));
  assert.deepEqual(allHeard(theirs, "ticket_viewers"), []);
});
