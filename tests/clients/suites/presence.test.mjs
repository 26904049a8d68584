// Presence and typing do not lie for long, and customers see no more of the staff than they need to.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { call, get, newCustomer, newSupport, newTicket, put } from "../harness/people.mjs";
import { startServer, stopServer, withServer } from "../harness/server.mjs";
import { allHeard, connect, forget, heard, settle, tell, transports } from "../harness/sockets.mjs";
import { poll } from "../harness/wait.mjs";

let server;
before(async () => (server = await startServer()));
after(() => stopServer(server));

for (const transport of Object.keys(transports)) {
  test(`three tabs are one user, who is gone when the last tab is, ${transport}`, async () => {
    const [customer, support] = [await newCustomer(server), await newSupport(server)];
    const ours = await connect(server, support, transport);
    const tabs = [];
    for (let tab = 0; tab < 3; tab += 1) tabs.push(await connect(server, customer, transport));
    const online = await heard(ours, "online_users", (users) => entries(users, customer) > 0);
    assert.equal(entries(online, customer), 1);
    assert.equal(entries(online, support), 1);
    await heard(ours, "user_status", (event) => event.user_id === customer.id && event.status === "online");

    forget(ours);
    tabs[0].socket.disconnect();
    tabs[1].socket.disconnect();
    await isStatus(support, customer, "online");
    tabs[2].socket.disconnect();
    await heard(ours, "user_status", (event) => event.user_id === customer.id && event.status === "offline", 5_000);
    await heard(ours, "online_users", (users) => entries(users, customer) === 0, 5_000);
    await isStatus(support, customer, "offline");
    const told = allHeard(ours, "user_status").filter((event) => event.user_id === customer.id);
    assert.deepEqual(told.map((event) => event.status), ["offline"], "the first two tabs changed nothing");
  });

  test(`typing ends by itself after 6 s and with the connection, ${transport}`, async () => {
    const [customer, support] = [await newCustomer(server), await newSupport(server)];
    const { ticket_id } = await newTicket(server, customer);
    const [theirs, ours] = [await connect(server, customer, transport), await connect(server, support, transport)];
    for (const line of [theirs, ours]) await tell(line, "join_ticket", { ticket_id });

    await tell(theirs, "typing", { ticket_id, is_typing: true });
    await heard(ours, "typing", (event) => event.is_typing);
    const began = Date.now();
    await heard(ours, "typing", (event) => !event.is_typing, 8_000);
    const lasted = Date.now() - began;
    assert.ok(lasted > 4_000 && lasted < 7_500, `cleared after ${lasted} ms`);

    forget(ours);
    await tell(theirs, "typing", { ticket_id, is_typing: true });
    await heard(ours, "typing", (event) => event.is_typing);
    theirs.socket.disconnect();
    await heard(ours, "typing", (event) => !event.is_typing && event.user_id === customer.id, 3_000);
  });

  test(`customers see the staff who have their tickets, and nobody else, ${transport}`, async () => {
    const [customer, other] = [await newCustomer(server), await newCustomer(server, "other")];
    const [assigned, stranger] = [await newSupport(server), await newSupport(server, "stranger")];
    const { ticket_id } = await newTicket(server, customer);
    await put(server, assigned, `/api/tickets/${ticket_id}`, { support_id: assigned.id });
    const theirs = await connect(server, customer, transport);
    await connect(server, other, transport);
    const [ours, unknown] = [await connect(server, assigned, transport), await connect(server, stranger, transport)];
    await tell(unknown, "user_status", { status: "away" });
    await tell(ours, "user_status", { status: "busy" });
    await heard(theirs, "user_status", (event) => event.user_id === assigned.id && event.status === "busy");
    await heard(theirs, "online_users", (users) => entries(users, assigned) === 1);
    await settle(theirs);

    const mayKnow = new Set([customer.id, assigned.id]);
    const told = [...allHeard(theirs, "user_status"), ...allHeard(theirs, "online_users").flat()];
    assert.deepEqual(told.filter((event) => !mayKnow.has(event.user_id)), []);
    const joined = await tell(theirs, "join_ticket", { ticket_id });
    assert.deepEqual(joined.online.filter((user) => !mayKnow.has(user.user_id)), []);
    const asked = await call(server, "GET", `/api/users/status?user_id=${other.id}`, { token: customer.token });
    assert.equal(asked.status, 404);
  });
}

test("a new ticket goes to staff who are online", async () => {
  await withServer({ env: { SMILECHAT_ASSIGNMENT__ENABLED: "true" } }, async (assigning) => {
    const customer = await newCustomer(assigning);
    const [present, absent] = [await newSupport(assigning), await newSupport(assigning, "absent")];
    const nobody = await newTicket(assigning, customer, { subject: "nobody is there" });
    assert.equal(nobody.support_id, null);
    const ours = await connect(assigning, present);
    const { ticket_id } = await newTicket(assigning, customer, { subject: "somebody is there" });
    const taken = await poll("the ticket to be assigned", 5_000, async () => {
      const ticket = await get(assigning, customer, `/api/tickets/${ticket_id}`);
      return ticket.support_id && ticket;
    });
    assert.equal(taken.support_id, present.id);
    assert.notEqual(taken.support_id, absent.id);
    await heard(ours, "ticket_created", (event) => event.ticket.ticket_id === ticket_id);
  });
});

function entries(users, person) {
  return users.filter((user) => user.user_id === person.id).length;
}

async function isStatus(asker, person, status) {
  const answer = await get(server, asker, `/api/users/status?user_id=${person.id}`);
  assert.equal(answer.status, status);
}

test("who is called something else is so on every socket that is there", async () => {
  const [customer, support, other] = [await newCustomer(server), await newSupport(server), await newSupport(server)];
  const { ticket_id } = await newTicket(server, customer);
  await put(server, support, `/api/tickets/${ticket_id}`, { support_id: support.id });
  const lines = [await connect(server, customer), await connect(server, support), await connect(server, other)];
  const [theirs, ours, watching] = lines;
  for (const line of lines) await tell(line, "join_ticket", { ticket_id });
  await heard(theirs, "online_users", (users) => entries(users, support) === 1);

  const face = { username: `new-${support.username}`, name: "Sue", avatar_url: "https://shop.example/sue.png" };
  await put(server, support, "/api/users/profile", face);
  for (const line of lines) {
    const isNew = (user) => user.user_id === support.id && user.name === face.name && user.username === face.username;
    await heard(line, "online_users", (users) => users.some(isNew));
  }
  const hasFace = (viewer) => viewer.name === face.name && viewer.avatar_url === face.avatar_url;
  await heard(watching, "ticket_viewers", ({ viewers }) => viewers.some(hasFace));
  await tell(ours, "typing", { ticket_id, is_typing: true });
  assert.equal((await heard(theirs, "typing")).name, "Sue");
});

test("the widget shows who of the staff is there", async () => {
  await withServer({}, async (own) => {
    const support = await newSupport(own);
    const staffing = async () => {
      const { is_staffed, staff } = (await call(own, "GET", "/api/widget")).body;
      return [is_staffed, staff];
    };
    assert.deepEqual(await staffing(), [false, []]);
    const face = { name: "Sue", avatar_url: "https://shop.example/sue.png" };
    await put(own, support, "/api/users/profile", face);
    const line = await connect(own, support);
    await tell(line, "user_status", { status: "online" });
    assert.deepEqual(await staffing(), [true, [face]]);
    await tell(line, "user_status", { status: "busy" });
    assert.deepEqual(await staffing(), [false, []]);
  });
});
