import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Environment } from "../../src/index.js";
import { type Network, network } from "../harness/network.js";
import { customer, newTicket, numbered, shown, support, texts } from "../harness/people.js";
import { type Server, startServer } from "../harness/server.js";

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

async function ownNetwork(): Promise<Network> {
  const made = await network(server.port);
  onTestFinished(() => made.close());
  return made;
}

test("the network is cut for both, both write, it comes back: nothing is lost, doubled or out of order", async () => {
  const wire = await ownNetwork();
  const maria = await customer({ url: wire.url });
  const ben = await support(server, { url: wire.url });
  const { ticket_id } = await newTicket(maria);
  const [hers, his] = [maria.conversation(ticket_id), ben.conversation(ticket_id)];
  hers.open();
  his.open();
  await hers.send("before");
  await expect.poll(() => texts(his)).toEqual(["before"]);

  wire.cut();
  await expect.poll(() => [hers.connection.get(), his.connection.get()]).toEqual(["offline", "offline"]);
  for (const text of numbered(1, 5)) void hers.send(`hers ${text}`);
  for (const text of numbered(1, 5)) void his.send(`his ${text}`);
  expect(shown(hers).slice(1)).toEqual(numbered(1, 5).map((text) => `sending hers ${text}`));
  wire.mend();
  maria.setOnline(true);
  ben.setOnline(true);

  const seqs = numbered(1, 11).map((_, place) => place + 1);
  for (const conversation of [hers, his]) {
    // A message of one's own is shown before it is numbered.
    await expect.poll(() => conversation.messages.get().map(({ seq }) => seq)).toEqual(seqs);
  }
  expect(texts(his)).toEqual(texts(hers));
  for (const conversation of [hers, his]) {
    expect(texts(conversation).filter((text) => text.startsWith("hers"))).toEqual(
      numbered(1, 5).map((text) => `hers ${text}`),
    );
    expect(texts(conversation).filter((text) => text.startsWith("his"))).toEqual(
      numbered(1, 5).map((text) => `his ${text}`),
    );
  }
});

test("it comes back by itself, without a word from the host", async () => {
  const wire = await ownNetwork();
  const maria = await customer({ url: wire.url, environment: { random: () => 0.1 } });
  const hers = maria.conversation((await newTicket(maria)).ticket_id);
  hers.open();
  await expect.poll(() => maria.connection.get()).toBe("live");
  expect(maria.transport.get()).toBe("websocket");
  wire.cut();
  await expect.poll(() => maria.connection.get()).toBe("offline");
  await hers.send("meanwhile");
  wire.mend();
  await expect.poll(() => maria.connection.get()).toBe("live");
  await expect.poll(() => shown(hers)).toEqual(["sent meanwhile"]);
});

test("who was away gets all that was written, more than a page of it, and the marks that were set", async () => {
  const wire = await ownNetwork();
  const maria = await customer({ url: wire.url });
  const ben = await support(server);
  const { ticket_id } = await newTicket(maria);
  const [hers, his] = [maria.conversation(ticket_id), ben.conversation(ticket_id)];
  hers.open();
  await hers.send("Hello?");
  await expect.poll(() => hers.connection.get() === "live" && shown(hers)[0]).toBe("sent Hello?");

  wire.cut();
  await expect.poll(() => hers.connection.get()).toBe("offline");
  his.open();
  await expect.poll(() => his.unread.get()).toBe(1);
  his.markRead();
  const all = numbered(1, 230);
  for (const text of all) void his.send(text);
  await expect.poll(() => his.messages.get().filter(({ state }) => state === "sent").length).toBe(230);
  wire.mend();
  maria.wake();

  await expect.poll(() => hers.connection.get()).toBe("live");
  expect(texts(hers)).toEqual(["Hello?", ...all]);
  expect(hers.messages.get()[0]?.state).toBe("read");
  expect(hers.unread.get()).toBe(230);
});

test("a socket that died in sleep is found out at waking", async () => {
  const wire = await ownNetwork();
  const maria = await customer({ url: wire.url });
  const ben = await support(server);
  const { ticket_id } = await newTicket(maria);
  const hers = maria.conversation(ticket_id);
  hers.open();
  await expect.poll(() => hers.connection.get()).toBe("live");
  wire.swallow();
  await ben.conversation(ticket_id).send("Are you there?");
  wire.mend();
  expect(hers.connection.get()).toBe("live");
  maria.wake();
  await expect.poll(() => texts(hers)).toEqual(["Are you there?"]);
});

test("where no socket can open, messages go and come by REST", async () => {
  // Requests go past what stops the sockets.
  const blocked = await ownNetwork();
  blocked.cut();
  const maria = await customer({
    url: blocked.url,
    environment: { fetch: (url, init) => fetch(url.replace(blocked.url, server.url), init as RequestInit) as never },
  });
  const mine = await newTicket(maria);
  const hers = maria.conversation(mine.ticket_id);
  hers.open();
  await hers.send("By REST");
  await expect.poll(() => shown(hers)).toEqual(["sent By REST"]);
  const ben = await support(server);
  await ben.conversation(mine.ticket_id).send("So I see");
  await expect.poll(() => texts(hers)).toEqual(["By REST", "So I see"]);
  expect(hers.connection.get()).toBe("offline");
});

test("a server that falls silent is not called live for long, and what was missed is there when it is back", async () => {
  const wire = await ownNetwork();
  // Twenty seconds in one; what socket.io waits for stays as long as it is.
  const begun = Date.now();
  const environment: Partial<Environment> = {
    now: () => begun + (Date.now() - begun) * 20,
    after(milliseconds, callback) {
      const timer = setTimeout(callback, milliseconds / 20);
      return () => clearTimeout(timer);
    },
  };
  const maria = await customer({ url: wire.url, environment });
  const ben = await support(server);
  const { ticket_id } = await newTicket(maria);
  const hers = maria.conversation(ticket_id);
  hers.open();
  await expect.poll(() => maria.connection.get()).toBe("live");
  wire.swallow();
  await ben.conversation(ticket_id).send("Are you there?");
  await expect.poll(() => [maria.connection.get(), hers.connection.get()]).toEqual(["offline", "offline"]);
  wire.mend();
  await expect.poll(() => maria.connection.get(), { timeout: 30_000 }).toBe("live");
  expect(texts(hers)).toEqual(["Are you there?"]);
});

test("a message without an answer ends the belief in the connection", async () => {
  const wire = await ownNetwork();
  const maria = await customer({ url: wire.url });
  const hers = maria.conversation((await newTicket(maria)).ticket_id);
  hers.open();
  await expect.poll(() => hers.connection.get()).toBe("live");
  wire.swallow();
  // What is on its way already is heard first: a line on which something came since is believed in for longer.
  await new Promise((heard) => setTimeout(heard, 20));
  await hers.send("Into the void");
  await expect.poll(() => maria.connection.get()).toBe("offline");
  expect(shown(hers)).toEqual(["sending Into the void"]);
  wire.mend();
  maria.wake();
  await expect.poll(() => shown(hers)).toEqual(["sent Into the void"]);
});

test("a device that slept finds out by its clock, without a word from the host", async () => {
  const wire = await ownNetwork();
  let slept = 0;
  const maria = await customer({ url: wire.url, environment: { now: () => Date.now() + slept } });
  const ben = await support(server);
  const { ticket_id } = await newTicket(maria);
  const hers = maria.conversation(ticket_id);
  hers.open();
  await expect.poll(() => maria.connection.get()).toBe("live");
  wire.swallow();
  await ben.conversation(ticket_id).send("Are you there?");
  wire.mend();
  slept = 10 * 60_000;
  const woken = performance.now();
  await expect.poll(() => texts(hers)).toEqual(["Are you there?"]);
  expect(performance.now() - woken).toBeLessThan(9_000);
});
