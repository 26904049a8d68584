import { afterAll, beforeAll, expect, test } from "vitest";
import type { TicketActivity } from "../../src/index.js";
import { customer, newTicket, numbered, shown, support, texts } from "../harness/people.js";
import { type Server, startServer } from "../harness/server.js";

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

test("two people talk: a new ticket, typing, unread, ticks", async () => {
  const maria = await customer({ url: server.url });
  const ben = await support(server);

  const hers = maria.newConversation({ subject: "Where is my parcel?" });
  hers.open();
  expect(hers.connection.get()).toBe("live");
  const first = hers.send("Order 20480 should be here by now.");
  expect(shown(hers)).toEqual(["sending Order 20480 should be here by now."]);
  const key = await first;
  await expect.poll(() => shown(hers)).toEqual(["sent Order 20480 should be here by now."]);
  expect(hers.messages.get()[0]?.key).toBe(key);
  expect(hers.unread.get()).toBe(0);

  const ticketId = hers.ticketId.get() as string;
  const his = ben.conversation(ticketId);
  his.open();
  await expect.poll(() => his.unread.get()).toBe(1);
  expect(shown(his)).toEqual(["received Order 20480 should be here by now."]);
  expect(his.ticket.get()?.subject).toBe("Where is my parcel?");
  await expect.poll(() => hers.messages.get()[0]?.state).toBe("delivered");

  await expect.poll(() => hers.connection.get()).toBe("live");
  his.setTyping(true);
  await expect.poll(() => hers.typing.get()).toMatchObject([{ user_id: ben.session.state.get().user?.id }]);
  his.markRead();
  expect(his.unread.get()).toBe(0);
  await expect.poll(() => hers.messages.get()[0]?.state).toBe("read");

  await his.send("It is on the van.");
  await expect.poll(() => hers.unread.get()).toBe(1);
  expect(hers.typing.get()).toEqual([]);
  await expect.poll(() => hers.ticket.get()?.status).toBe("in_progress");
  await expect.poll(() => hers.online.get().map(({ user_id }) => user_id)).toContain(ben.session.state.get().user?.id);
  expect(maria.conversation(ticketId)).toBe(hers);
});

test("200 messages that nobody waited for arrive in the order of writing, once", async () => {
  const maria = await customer({ url: server.url });
  const ben = await support(server);
  const { ticket_id } = await newTicket(maria);
  const [hers, his] = [maria.conversation(ticket_id), ben.conversation(ticket_id)];
  hers.open();
  his.open();
  await expect.poll(() => his.connection.get()).toBe("live");

  const all = numbered(1, 200);
  for (const text of all) void hers.send(text);
  await expect.poll(() => hers.messages.get().filter(({ state }) => state === "sending").length).toBe(0);
  expect(texts(hers)).toEqual(all);
  await expect.poll(() => texts(his)).toEqual(all);
  expect(his.messages.get().map(({ seq }) => seq)).toEqual(all.map((_, place) => place + 1));
});

test("a long conversation opens at its end, and older pages come when asked for", async () => {
  const maria = await customer({ url: server.url });
  const { ticket_id } = await newTicket(maria);
  const all = numbered(1, 120);
  for (const message_content of all) {
    await maria.request("POST /api/messages/{id}", { path: { id: ticket_id }, body: { message_content } });
  }
  const ben = await support(server);
  const his = ben.conversation(ticket_id);
  his.open();
  await expect.poll(() => his.connection.get()).toBe("live");
  expect(texts(his)).toEqual(all.slice(70));
  expect(his.unread.get()).toBe(120);
  expect(his.hasOlder.get()).toBe(true);
  await his.loadOlder();
  expect(texts(his)).toEqual(all.slice(20));
  expect(his.unread.get()).toBe(120);
  await his.loadOlder();
  expect(texts(his)).toEqual(all);
  expect(his.hasOlder.get()).toBe(false);
  his.markRead();
  expect(his.unread.get()).toBe(0);
  const readOnServer = async () =>
    (await ben.request("GET /api/tickets/{id}", { path: { id: ticket_id } })).unread_count;
  await expect.poll(readOnServer).toBe(0);
});

test("what is refused is shown as failed, holds nobody up, and can be discarded or tried again", async () => {
  const maria = await customer({ url: server.url });
  const hers = maria.conversation((await newTicket(maria)).ticket_id);
  hers.open();
  const refused = await hers.send(" ");
  await hers.send("After it");
  await expect.poll(() => shown(hers)).toEqual(["sent After it", "failed  "]);
  expect(hers.messages.get()[1]?.error).toMatchObject({ code: "invalid", errors: [{ field: "message_content" }] });

  const states: string[] = [];
  hers.messages.subscribe((messages) => states.push(messages.at(-1)?.state ?? ""));
  await hers.retry(refused);
  await expect.poll(() => states.at(-1)).toBe("failed");
  expect(states).toContain("sending");
  await hers.discard(refused);
  expect(shown(hers)).toEqual(["sent After it"]);
});

test("a conversation of somebody else tells that it is not there", async () => {
  const [maria, other] = [await customer({ url: server.url }), await customer({ url: server.url })];
  const hers = other.conversation((await newTicket(maria)).ticket_id);
  hers.open();
  await expect.poll(() => hers.error.get()?.code).toBe("not_found");
});

test("staff hear of new tickets, of changes, of notes, and of who is there", async () => {
  const ben = await support(server);
  const heard: [ticketId: string, what: string][] = [];
  ben.on("ticket_created", ({ ticket }) => heard.push([ticket.ticket_id, `created ${ticket.subject}`]));
  ben.on("ticket_updated", ({ ticket, changed }) => heard.push([ticket.ticket_id, `updated ${changed.join()}`]));
  ben.on("ticket_note", ({ ticket_id, body }) => heard.push([ticket_id, `note ${body}`]));
  const activities: TicketActivity[] = [];
  ben.on("ticket_activity", (activity) => activities.push(activity));
  const release = ben.connect();
  await expect.poll(() => ben.connection.get()).toBe("live");
  ben.setStatus("busy");
  const me = ben.session.state.get().user?.id;
  await expect.poll(() => ben.online.get().find(({ user_id }) => user_id === me)?.status).toBe("busy");

  const maria = await customer({ url: server.url });
  const { ticket_id } = await newTicket(maria, "For the inbox");
  await ben.request("PUT /api/tickets/{id}", { path: { id: ticket_id }, body: { priority: "high" } });
  await ben.request("POST /api/tickets/{id}/notes", { path: { id: ticket_id }, body: { body: "Careful" } });
  const ofIt = () => heard.flatMap(([id, what]) => (id === ticket_id ? [what] : []));
  await expect.poll(ofIt).toEqual(["created For the inbox", "updated priority", "note Careful"]);
  // He has not joined it.
  const path = { id: ticket_id };
  await maria.request("POST /api/messages/{id}", { path, body: { message_content: "Is  it\nthere?" } });
  await expect.poll(() => activities.at(-1)).toMatchObject({ ticket_id, last_seq: 1, unread_count: 1 });
  expect(activities.at(-1)?.last_message).toMatchObject({ text: "Is it there?", sender_role: "customer" });
  release();
  expect(ben.connection.get()).toBe("offline");
});
