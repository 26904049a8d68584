// Who may connect, and when a connection ends.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { call, get, login, newCustomer, newStaff, newTicket, post, put } from "../harness/people.mjs";
import { startServer, stopServer, withServer } from "../harness/server.mjs";
import { allHeard, connect, heard, tell, transports } from "../harness/sockets.mjs";
import { pause, poll } from "../harness/wait.mjs";

const shortLife = 3;

let server;
before(async () => (server = await startServer()));
after(() => stopServer(server));

test("what waits in a socket's queue ends with the session", async () => {
  const customer = await newCustomer(server);
  const elsewhere = await login(server, customer.username, customer.password);
  const { ticket_id } = await newTicket(server, customer, { message_content: "x".repeat(10_000) });
  const line = await connect(server, customer);
  // Enough to keep the socket's task busy for longer than the logout takes; the message is the last in the queue.
  for (let asked = 0; asked < 900; asked += 1) line.socket.emit("join_ticket", { ticket_id, after_seq: 0 });
  line.socket.emit("chat_message", { ticket_id, message_content: "from the grave" });
  await post(server, customer, "/api/auth/logout", {});
  // Who is offline has left, and who has left has nothing in a queue.
  const status = () => get(server, elsewhere, "/api/users/status");
  await poll("the socket to be done with", 30_000, async () => (await status()).status === "offline");
  assert.equal((await get(server, elsewhere, `/api/tickets/${ticket_id}`)).last_seq, 1);
});

for (const transport of Object.keys(transports)) {
  test(`no connection without a good access token, ${transport}`, async () => {
    const customer = await newCustomer(server);
    const [head, , signature] = customer.token.split(".");
    const claims = JSON.parse(Buffer.from(customer.token.split(".")[1], "base64url"));
    const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const bad = {
      none: undefined,
      empty: "",
      garbage: "not a token",
      number: 17,
      object: { token: customer.token },
      "a refresh token": customer.refreshToken,
      "alg none": `${encode({ alg: "none", typ: "JWT" })}.${encode(claims)}.`,
      "changed claims": `${head}.${encode({ ...claims, exp: claims.exp + 1 })}.${signature}`,
    };
    for (const [what, token] of Object.entries(bad)) {
      const refused = connect(server, { ...customer, token }, transport);
      await assert.rejects(refused, { message: "unauthorized" }, what);
    }
    await connect(server, customer, transport);
  });

  test(`logout cuts the sockets of that session alone, ${transport}`, async () => {
    const customer = await newCustomer(server);
    const elsewhere = await login(server, customer.username, customer.password);
    const [here, there] = [await connect(server, customer, transport), await connect(server, elsewhere, transport)];
    await post(server, customer, "/api/auth/logout", {});
    await isCut(here, 2_000);
    await assert.rejects(connect(server, customer, transport), { message: "unauthorized" });
    await isServed(there, elsewhere);
    await post(server, elsewhere, "/api/auth/logout", { everywhere: true });
    await isCut(there, 2_000);
  });

  test(`a new password cuts the other sessions, ${transport}`, async () => {
    const customer = await newCustomer(server);
    const elsewhere = await login(server, customer.username, customer.password);
    const [here, there] = [await connect(server, customer, transport), await connect(server, elsewhere, transport)];
    const passwords = { current_password: customer.password, new_password: "another horse battery" };
    await put(server, customer, "/api/users/profile", passwords);
    await isCut(there, 2_000);
    await isServed(here, customer);
    const old = await call(server, "GET", "/api/users/profile", { token: elsewhere.token });
    assert.equal(old.status, 401);
  });
}

test("a revoked API key cuts the sockets that came with it, and no others", async () => {
  const [customer, admin] = [await newCustomer(server), await newStaff(server, "admin")];
  const key = await post(server, admin, "/api/api-keys", { kind: "publishable", name: "Shop" });
  const auth = (answer) => answer({ token: customer.token, apiKey: key.api_key });
  const [withKey, without] = [await connect(server, customer, "websocket", { auth }), await connect(server, customer)];
  await call(server, "DELETE", `/api/api-keys/${key.api_key_id}`, { token: admin.token });
  await isCut(withKey, 2_000);
  await isServed(without, customer);
  await assert.rejects(connect(server, customer, "websocket", { auth }), { message: "unauthorized" });
});

test("a socket ends with its token, unless it brought a new one", { timeout: 60_000 }, async () => {
  console.log("waiting for tokens of 3 s to run out (up to 15 s) ...");
  await withServer({ env: { SMILECHAT_AUTH__ACCESS_TOKEN_SECONDS: String(shortLife) } }, async (brief) => {
    const customer = await newCustomer(brief);
    const issued = Date.now();
    const lines = await Promise.all(Object.keys(transports).map((transport) => connect(brief, customer, transport)));
    const kept = await newCustomer(brief, "kept");
    const staying = await connect(brief, kept);
    let cut = false;
    const cuts = Promise.all(lines.map((line) => isCut(line, (shortLife + 11) * 1000))).finally(() => (cut = true));
    while (!cut || Date.now() < issued + (shortLife + 10) * 1000) {
      const { body } = await call(brief, "POST", "/api/auth/refresh", { body: { refresh_token: kept.refreshToken } });
      [kept.token, kept.refreshToken] = [body.access_token, body.refresh_token];
      await tell(staying, "reauth", { token: kept.token });
      await pause(1_000);
    }
    await cuts;
    for (const line of lines) {
      const early = line.events.find((event) => event.name === "session_expired").at - issued;
      assert.ok(early >= (shortLife - 1) * 1000, `cut after ${early} ms already`);
    }
    assert.deepEqual(allHeard(staying, "session_expired"), []);
    assert.ok(staying.socket.connected, "reauth keeps a socket alive");
    await assert.rejects(connect(brief, customer), { message: "unauthorized" });
    const stale = await staying.socket.timeout(5_000).emitWithAck("reauth", { token: customer.token });
    assert.equal(stale.error.code, "unauthorized");
  });
});

async function isCut(line, limit) {
  await heard(line, "session_expired", () => true, limit);
  await heard(line, "disconnect", () => true, 2_000);
}

async function isServed(line, person) {
  const { ticket_id } = await newTicket(server, person);
  await tell(line, "join_ticket", { ticket_id });
  assert.deepEqual(allHeard(line, "session_expired"), []);
}
