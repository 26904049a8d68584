import { createHmac } from "node:crypto";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Network, network } from "../harness/network.js";
import { client, customer, freshName, newTicket, numbered, shown, texts } from "../harness/people.js";
import { password, type Server, startServer } from "../harness/server.js";
import { sharedStorage } from "../harness/tabs.js";

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

/** The customer's messages as the server has them, whoever asks. */
async function stored(of: ReturnType<typeof client>, id: string): Promise<string[]> {
  const { data } = await of.request("GET /api/messages/{id}", { path: { id }, query: { limit: 100 } });
  return data.map(({ message_content }) => message_content);
}

test("what was unsent survives a reload and goes out in order", async () => {
  const wire = await ownNetwork();
  const kept = sharedStorage();
  const before = await customer({ url: wire.url, storage: kept.tab() });
  const { ticket_id } = await newTicket(before);
  wire.cut();
  const unsent = before.conversation(ticket_id);
  for (const text of numbered(1, 5)) await unsent.send(text);
  const keys = unsent.messages.get().map(({ key }) => key);
  before.close();
  expect(kept.values.get(`smilechat:outbox:${before.session.state.get().user?.id}`)).toContain("message 5");

  wire.mend();
  const after = client({ url: wire.url, storage: kept.tab() });
  const conversation = after.conversation(ticket_id);
  conversation.open();
  await expect.poll(() => shown(conversation)).toEqual(numbered(1, 5).map((text) => `sent ${text}`));
  expect(conversation.messages.get().map(({ key }) => key)).toEqual(keys);
  await expect.poll(() => [...kept.values.keys()]).toEqual(["smilechat:session"]);
});

test("a new conversation that was never sent survives a reload, as one ticket", async () => {
  const wire = await ownNetwork();
  const kept = sharedStorage();
  const before = await customer({ url: wire.url, storage: kept.tab() });
  wire.cut();
  const draft = before.newConversation();
  await draft.send("First line\nsecond line");
  await draft.send("And more");
  before.close();

  const after = client({ url: wire.url, storage: kept.tab() });
  expect(await after.unsentDrafts()).toEqual([draft.draft]);
  const again = after.newConversation({ draft: draft.draft as string });
  again.open();
  expect(shown(again)).toEqual(["sending First line\nsecond line", "sending And more"]);
  wire.mend();
  after.setOnline(true);
  await expect.poll(() => again.messages.get().map(({ state }) => state)).toEqual(["sent", "sent"]);
  expect(await after.unsentDrafts()).toEqual([]);
  const { data } = await after.request("GET /api/tickets");
  expect(data.map(({ subject, last_seq }) => ({ subject, last_seq }))).toEqual([
    { subject: "First line", last_seq: 2 },
  ]);
});

test("a ticket that was made without its answer arriving is not made twice", async () => {
  let answersLost = 2;
  const maria = await customer({
    url: server.url,
    environment: {
      random: () => 0,
      async fetch(url, init) {
        const answer = await fetch(url, init as RequestInit);
        if (init.method === "POST" && !url.includes("/auth/") && answersLost-- > 0) throw new TypeError("lost");
        return answer as never;
      },
    },
  });
  const hers = maria.newConversation();
  await hers.send("Once");
  await expect.poll(() => shown(hers)).toEqual(["sent Once"]);
  expect(answersLost).toBeLessThan(0);
  const { data } = await maria.request("GET /api/tickets");
  expect(data.map(({ last_seq }) => last_seq)).toEqual([1]);
});

test("only faults of the server count as such, and each message has its own", async () => {
  const tries = new Map<string, number>();
  const maria = await customer({
    url: server.url,
    environment: {
      after(milliseconds, callback) {
        const timer = setTimeout(callback, milliseconds / 20);
        return () => clearTimeout(timer);
      },
      async fetch(url, init) {
        const id = init.method === "POST" && /\/api\/messages\/(.+)/.exec(url)?.[1];
        if (!id) return (await fetch(url, init as RequestInit)) as never;
        const before = tries.get(id) ?? 0;
        tries.set(id, before + 1);
        if (id === unreachable.ticket_id) throw new TypeError("lost");
        const isBroken = id === broken.ticket_id || (before === 0 && enough());
        if (isBroken) return new Response('{"code":"internal"}', { status: 500 }) as never;
        return (await fetch(url, init as RequestInit)) as never;
      },
    },
  });
  const enough = () => (tries.get(unreachable.ticket_id) ?? 0) > 4;
  const [unreachable, broken, shaky] = [await newTicket(maria), await newTicket(maria), await newTicket(maria)];
  const [first, second, third] = [unreachable, broken, shaky].map(({ ticket_id }) => maria.conversation(ticket_id));
  await first?.send("Lost again and again");
  await expect.poll(enough).toBe(true);
  await third?.send("Refused once");
  maria.wake();
  await expect.poll(() => third && shown(third)).toEqual(["sent Refused once"]);
  await second?.send("Refused always");
  await expect.poll(() => second && shown(second)).toEqual(["failed Refused always"]);
  expect(tries.get(broken.ticket_id)).toBe(4);
  expect(first && shown(first)).toEqual(["sending Lost again and again"]);
});

for (const [name, locks] of [
  ["leases in the storage", null],
  ["Web Locks", webLocks()],
] as const) {
  test(`two tabs write while the network is away: each message once, the same in both (${name})`, async () => {
    const wire = await ownNetwork();
    const kept = sharedStorage();
    const one = await customer({ url: wire.url, storage: kept.tab(), environment: { locks } });
    const two = client({ url: wire.url, storage: kept.tab(), environment: { locks } });
    const { ticket_id } = await newTicket(one);
    const [first, second] = [one.conversation(ticket_id), two.conversation(ticket_id)];
    first.open();
    second.open();
    await expect.poll(() => [first.connection.get(), second.connection.get()]).toEqual(["live", "live"]);

    wire.cut();
    const gaps: number[] = [];
    let most = 0;
    second.messages.subscribe(({ length }) => {
      if (length < most) gaps.push(length);
      most = Math.max(most, length);
    });
    for (const place of [1, 2, 3]) {
      await first.send(`first ${place}`);
      await second.send(`second ${place}`);
    }
    await expect.poll(() => texts(first)).toEqual(texts(second));
    expect(texts(first)).toHaveLength(6);
    wire.mend();
    for (const tab of [one, two]) tab.setOnline(true);

    const all = texts(first);
    await expect.poll(() => shown(first)).toEqual(all.map((text) => `sent ${text}`));
    await expect.poll(() => shown(second)).toEqual(all.map((text) => `sent ${text}`));
    expect(await stored(one, ticket_id)).toEqual(all);
    expect(gaps).toEqual([]);
  });
}

test("a guest who turns out to be a customer takes tickets and unsent messages along", async () => {
  const { publishable_key, identity_secret } = server.createTenant(freshName("tenant"));
  const wire = await ownNetwork();
  const kept = sharedStorage();
  const options = { url: wire.url, apiKey: publishable_key };
  // Messages are lost on the way; all else arrives.
  let isLosing = true;
  const guest = client({
    ...options,
    storage: kept.tab(),
    environment: {
      async fetch(url, init) {
        if (isLosing && url.includes("/api/messages/")) throw new TypeError("lost");
        return (await fetch(url, init as RequestInit)) as never;
      },
    },
  });
  const before = await guest.session.anonymous();
  expect((await guest.session.anonymous()).id).toBe(before.id);
  const { ticket_id } = await newTicket(guest);
  const conversation = guest.conversation(ticket_id);
  await conversation.send("As a guest");
  const user = await guest.session.identify({ token: identityToken(identity_secret, "maria-7") });
  expect(user.id).not.toBe(before.id);
  expect(shown(conversation)).toEqual(["sending As a guest"]);
  isLosing = false;
  conversation.open();
  guest.wake();
  await expect.poll(() => shown(conversation)).toEqual(["sent As a guest"]);
  expect(await stored(guest, ticket_id)).toEqual(["As a guest"]);
});

test("what is written while a guest becomes a customer is not lost", async () => {
  const { publishable_key, identity_secret } = server.createTenant(freshName("tenant"));
  const tab = sharedStorage().tab();
  const written: string[] = [];
  const sending: Promise<string>[] = [];
  let isIdentifying = false;
  const write = (text: string) => {
    if (!isIdentifying) return;
    written.push(text);
    sending.push(conversation.send(text));
  };
  const guest = client({
    url: server.url,
    apiKey: publishable_key,
    storage: {
      ...tab,
      // The outbox is handed over in two steps, and each is a moment to write.
      async set(key, value) {
        const isHanded = key.includes(":outbox:") && !key.includes(before.id);
        if (isHanded && sending.length === 1) write("While it is handed over");
        await tab.set(key, value);
      },
      async remove(key) {
        await tab.remove(key);
        if (key.includes(":outbox:") && sending.length === 2) write("When it was handed over");
      },
    },
    environment: {
      async fetch(url, init) {
        if (isIdentifying && url.includes("/api/messages/")) throw new TypeError("lost");
        const answer = await fetch(url, init as RequestInit);
        if (url.endsWith("/identify")) {
          isIdentifying = true;
          write("Before it is handed over");
        }
        return answer as never;
      },
    },
  });
  const before = await guest.session.anonymous();
  const { ticket_id } = await newTicket(guest);
  const conversation = guest.conversation(ticket_id);
  await guest.session.identify({ token: identityToken(identity_secret, "maria-8") });
  isIdentifying = false;
  expect(written).toHaveLength(3);
  await Promise.all(sending);
  conversation.open();
  guest.wake();
  await expect.poll(() => shown(conversation)).toEqual(written.map((text) => `sent ${text}`));
  expect(await stored(guest, ticket_id)).toEqual(written);
});

test("who signs out leaves nothing behind", async () => {
  const wire = await ownNetwork();
  const kept = sharedStorage();
  const maria = await customer({ url: wire.url, storage: kept.tab() });
  const { ticket_id } = await newTicket(maria);
  const conversation = maria.conversation(ticket_id);
  conversation.open();
  await expect.poll(() => conversation.connection.get()).toBe("live");
  wire.cut();
  await conversation.send("Private");
  await maria.session.signOut();
  expect(conversation.messages.get()).toEqual([]);
  await expect.poll(() => [...kept.values.keys()]).toEqual([]);
  wire.mend();
  await maria.session.register({ username: freshName("next"), password });
  await expect.poll(() => conversation.error.get()?.code).toBe("not_found");
  expect(conversation.messages.get()).toEqual([]);
});

/** What the business's own server would sign. */
function identityToken(secret: string, subject: string): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ sub: subject, exp: now + 600 })}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** One lock for all, first come first served, as the browser's. */
function webLocks() {
  const tails = new Map<string, Promise<unknown>>();
  return {
    request<T>(name: string, work: () => Promise<T>): Promise<T> {
      const turn = (tails.get(name) ?? Promise.resolve()).then(work);
      tails.set(
        name,
        turn.catch(() => {}),
      );
      return turn;
    },
  };
}
