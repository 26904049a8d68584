import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiError, type ClientOptions } from "../../src/index.js";
import { client, customer, freshName, newTicket, shown, support } from "../harness/people.js";
import { password, type Server, startServer } from "../harness/server.js";
import { sharedStorage } from "../harness/tabs.js";

const seconds = 5;
let server: Server;
beforeAll(async () => {
  server = await startServer({ SMILECHAT_AUTH__ACCESS_TOKEN_SECONDS: String(seconds) });
});
afterAll(() => server.stop());

/** A network that counts how often tokens were refreshed. */
function counting(): { refreshes: () => number; environment: ClientOptions["environment"] } {
  let refreshes = 0;
  return {
    refreshes: () => refreshes,
    environment: {
      fetch(url, init) {
        if (url.endsWith("/api/auth/refresh")) refreshes += 1;
        return fetch(url, init as RequestInit) as never;
      },
    },
  };
}

/** Whether the server has had enough of a token. */
async function isRefused(token: string): Promise<boolean> {
  const headers = { Authorization: `Bearer ${token}` };
  return (await fetch(`${server.url}/api/users/profile`, { headers })).status === 401;
}

test("a socket outlives its token: it is renewed before, and nothing is disconnected", async () => {
  const maria = await customer({ url: server.url });
  const first = await maria.session.accessToken();
  const hers = maria.conversation((await newTicket(maria)).ticket_id);
  hers.open();
  await expect.poll(() => hers.connection.get()).toBe("live");
  const states: string[] = [];
  maria.connection.subscribe((state) => states.push(state));
  // The token that the socket was opened with is of no more use, and the socket has not noticed.
  await expect.poll(() => isRefused(first), { timeout: 20_000, interval: 200 }).toBe(true);
  expect(await maria.session.accessToken()).not.toBe(first);
  await hers.send("Still here");
  await expect.poll(() => shown(hers)).toEqual(["sent Still here"]);
  expect(states).toEqual([]);
});

test("requests renew a token that ran out, once for all who ask", async () => {
  let now = Date.now();
  const { refreshes, environment } = counting();
  const maria = await customer({ url: server.url, environment: { ...environment, now: () => now } });
  now += 60_000;
  await Promise.all(Array.from({ length: 20 }, () => maria.request("GET /api/tickets")));
  expect(refreshes()).toBe(1);
});

test("a token that the server refuses before its time is renewed, and the request sent again", async () => {
  const { refreshes, environment } = counting();
  // This clock stands still: the token seems good for ever.
  const start = Date.now();
  const maria = await customer({ url: server.url, environment: { ...environment, now: () => start } });
  const first = await maria.session.accessToken();
  await expect.poll(() => isRefused(first), { interval: 200 }).toBe(true);
  expect((await maria.request("GET /api/users/profile")).id).toBe(maria.session.state.get().user?.id);
  expect(refreshes()).toBe(1);
});

test("tabs share a session: one refreshes for both, signing out ends both", async () => {
  let now = Date.now();
  const kept = sharedStorage();
  const counted = counting();
  const environment = { ...counted.environment, now: () => now };
  const one = await customer({ url: server.url, storage: kept.tab(), environment });
  const two = client({ url: server.url, storage: kept.tab(), environment });
  expect((await two.session.ready()).user?.id).toBe(one.session.state.get().user?.id);
  now += 60_000;
  await Promise.all([one.request("GET /api/tickets"), two.request("GET /api/tickets")]);
  expect(counted.refreshes()).toBe(1);
  expect(await one.session.accessToken()).toBe(await two.session.accessToken());
  await one.session.signOut();
  await expect.poll(() => two.session.state.get()).toMatchObject({ status: "signed_out", reason: "signed_out" });
  expect(kept.values.size).toBe(0);
});

test("a session that the server ended is over: expired", async () => {
  const username = freshName("customer");
  const one = client({ url: server.url });
  await one.session.register({ username, password });
  const kept = sharedStorage();
  const two = client({ url: server.url, storage: kept.tab() });
  await two.session.login({ username, password });
  const tab = client({ url: server.url, storage: kept.tab() });
  await tab.session.ready();
  two.connect();
  await expect.poll(() => two.connection.get()).toBe("live");
  await one.session.signOut({ everywhere: true });
  await expect.poll(() => two.session.state.get()).toMatchObject({ status: "signed_out", reason: "expired" });
  await expect.poll(() => tab.session.state.get()).toMatchObject({ status: "signed_out", reason: "expired" });
  const later = client({ url: server.url, storage: kept.tab() });
  expect(await later.session.ready()).toMatchObject({ status: "signed_out", reason: "none" });
  expect(two.connection.get()).toBe("offline");
  await expect(two.request("GET /api/users/profile")).rejects.toMatchObject({ status: 401 });
});

test("a guest whose token cannot be renewed just now is not identified without it", async () => {
  let now = Date.now();
  let [isBusy, identified] = [true, 0];
  const guest = client({
    url: server.url,
    environment: {
      now: () => now,
      async fetch(url, init) {
        if (url.endsWith("/identify")) identified += 1;
        if (isBusy && url.endsWith("/refresh")) return new Response('{"code":"unavailable"}', { status: 503 }) as never;
        return (await fetch(url, init as RequestInit)) as never;
      },
    },
  });
  await guest.session.anonymous();
  now += 60_000;
  const proof = { user_id: "maria-9", user_hash: "no proof" };
  await expect(guest.session.identify(proof)).rejects.toMatchObject({ status: 503 });
  expect(identified).toBe(0);
  isBusy = false;
  await expect(guest.session.identify(proof)).rejects.toMatchObject({ status: 401 });
  expect(identified).toBe(1);
});

test("errors say what is wrong", async () => {
  const nobody = client({ url: server.url });
  const wrong = nobody.session.login({ username: "nobody-here", password: "wrong password" });
  await expect(wrong).rejects.toBeInstanceOf(ApiError);
  await expect(wrong).rejects.toMatchObject({ status: 401, code: "invalid_credentials" });
  const short = nobody.session.register({ username: "x", password });
  await expect(short).rejects.toMatchObject({ code: "invalid", errors: [{ field: "username", code: "too_short" }] });
  const away = client({ url: "http://127.0.0.1:9" });
  await expect(away.session.login({ username: "a", password })).rejects.toMatchObject({ status: 0, code: "network" });
  await expect(nobody.conversation("none").send("Hello")).rejects.toMatchObject({ code: "signed_out" });
});

test("the profile changes here and there; a role that is not one's own is refused", async () => {
  const ben = await support(server);
  const user = await ben.session.updateProfile({ name: "Ben Carter" });
  expect(user.name).toBe("Ben Carter");
  expect(ben.session.state.get().user?.name).toBe("Ben Carter");
  await expect(ben.session.switchRole("admin")).rejects.toMatchObject({ code: "forbidden" });
});
