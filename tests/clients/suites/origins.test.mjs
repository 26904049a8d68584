// Pages of other sites: whose sockets come in, and which are cut when a key serves their site no more. And the way of a
// customer's own site from its key to an answer, in the steps that a browser takes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { call, get, newCustomer, newStaff, newSupport, post, put } from "../harness/people.mjs";
import { endProcess, launch, withServer } from "../harness/server.mjs";
import { allHeard, connect, heard, tell, transports } from "../harness/sockets.mjs";

const set = "https://set.example";
const shop = "https://shop.example";
const stall = "http://stall.example:8080";
const restricted = { env: { CORS_ORIGINS: set } };

/** A page of `origin` that shows the widget, or a program of one's own, with the key. */
function visit(server, person, origin, apiKey, transport) {
  const auth = (answer) => answer({ token: person.token, ...(apiKey && { apiKey }) });
  return connect(server, person, transport, { auth, ...(origin && { extraHeaders: { Origin: origin } }) });
}

async function isRefused(server, person, origin, apiKey, transport) {
  const told = transport === "websocket" ? "websocket error" : "xhr poll error";
  await assert.rejects(visit(server, person, origin, apiKey, transport), { message: told }, `${transport} ${origin}`);
}

async function isCut(line) {
  await heard(line, "session_expired", () => true, 2_000);
  await heard(line, "disconnect", () => true, 2_000);
}

function newKey(server, admin, origins) {
  const body = { kind: "publishable", name: "Shop", allowed_origins: origins };
  return post(server, admin, "/api/api-keys", body);
}

for (const transport of Object.keys(transports)) {
  test(`the pages that a key lists may connect beside those of CORS_ORIGINS, ${transport}`, async () => {
    await withServer(restricted, async (server) => {
      const [customer, admin] = [await newCustomer(server), await newStaff(server, "admin")];
      await visit(server, customer, set, undefined, transport);
      await visit(server, customer, undefined, undefined, transport);
      await isRefused(server, customer, shop, undefined, transport);
      const key = await newKey(server, admin, [shop, stall]);
      const other = await newKey(server, admin, [set]);
      for (const page of [shop, stall, undefined]) await visit(server, customer, page, key.api_key, transport);
      const foreign = ["https://shop.example.evil", "https://shop.example.", "https://SHOP.example", "null"];
      for (const page of [...foreign, "https://shop.example:443", "http://shop.example", "http://stall.example"])
        await isRefused(server, customer, page, key.api_key, transport);
      const wrongKey = visit(server, customer, shop, other.api_key, transport);
      await assert.rejects(wrongKey, { message: "unauthorized" }, "a page is held to the key that it brings");

      await endProcess(server, "SIGTERM");
      await launch(server);
      await visit(server, customer, shop, key.api_key, transport);
    });
  });

  test(`a socket ends when its key serves its page no more, and no other does, ${transport}`, async () => {
    await withServer(restricted, async (server) => {
      const [customer, admin] = [await newCustomer(server), await newStaff(server, "admin")];
      const key = await newKey(server, admin, [shop, stall]);
      const same = await newKey(server, admin, [shop]);
      const [dropped, kept, app, otherKey] = [
        await visit(server, customer, shop, key.api_key, transport),
        await visit(server, customer, stall, key.api_key, transport),
        await visit(server, customer, undefined, key.api_key, transport),
        await visit(server, customer, shop, same.api_key, transport),
      ];
      await put(server, admin, `/api/api-keys/${key.api_key_id}`, { name: "The shop" });
      const goesOn = async (line) => {
        await tell(line, "user_status", { status: "online" });
        assert.deepEqual(allHeard(line, "session_expired"), []);
      };
      await goesOn(dropped);
      await put(server, admin, `/api/api-keys/${key.api_key_id}`, { allowed_origins: [stall] });
      const again = visit(server, customer, shop, key.api_key, transport);
      await assert.rejects(again, { message: "unauthorized" }, "at once, although the other key lets the page in");
      await isCut(dropped);
      for (const line of [kept, app, otherKey]) await goesOn(line);

      await call(server, "DELETE", `/api/api-keys/${same.api_key_id}`, { token: admin.token });
      await isRefused(server, customer, shop, key.api_key, transport);
      // No key lists the page now. A client that was about to poll is refused, and hears no more than that.
      if (transport === "websocket") await isCut(otherKey);
      else await heard(otherKey, "disconnect", () => true, 2_000);
      for (const line of [kept, app]) await goesOn(line);
    });
  });
}

test("without CORS_ORIGINS any page may connect, but with its own key alone", async () => {
  await withServer({}, async (server) => {
    const [customer, admin] = [await newCustomer(server), await newStaff(server, "admin")];
    const key = await newKey(server, admin, [shop]);
    await visit(server, customer, "https://anywhere.example");
    await visit(server, customer, shop, key.api_key);
    await assert.rejects(visit(server, customer, stall, key.api_key), { message: "unauthorized" });
  });
});

test("a customer's own site: a key for it in the console, the lines on the page, an answer", async () => {
  await withServer(restricted, async (server) => {
    const [admin, support] = [await newStaff(server, "admin"), await newSupport(server)];
    await assert.rejects(asBrowser(server, shop, "GET", "/api/widget", "pk_none"), /refuses https:\/\/shop/);
    const { api_key } = await newKey(server, admin, [shop]);

    const loader = await fetch(`${server.url}/widget.js`, { headers: { Origin: shop } });
    if (loader.ok) assert.equal(loader.headers.get("access-control-allow-origin"), "*");
    const widget = await asBrowser(server, shop, "GET", "/api/widget", api_key);
    assert.equal(widget.body.is_staffed, false);
    const guest = await asBrowser(server, shop, "POST", "/api/auth/anonymous", api_key, { body: {} });
    assert.equal(guest.status, 201);
    const visitor = { token: guest.body.access_token };
    const new_ticket = { subject: "Where is my parcel?", message_content: "Order 20480." };
    const opened = await asBrowser(server, shop, "POST", "/api/tickets", api_key, { ...visitor, body: new_ticket });
    const { ticket_id } = opened.body;

    const page = await visit(server, visitor, shop, api_key);
    await tell(page, "join_ticket", { ticket_id });
    await post(server, support, `/api/messages/${ticket_id}`, { message_content: "On the van." });
    const answer = await heard(page, "chat_message", (message) => message.sender_id === support.id);
    assert.equal(answer.message_content, "On the van.");
    assert.equal((await get(server, support, `/api/tickets/${ticket_id}`)).customer_id, guest.body.user.id);

    const thief = asBrowser(server, "https://thief.example", "GET", "/api/widget", api_key);
    await assert.rejects(thief, /refuses https:\/\/thief/, "another site gets nothing with this key");
  });
});

/** A call as a browser makes it for a page of `origin`: asked for before, and hidden from the page if it is not allowed. */
async function asBrowser(server, origin, method, path, apiKey, { token, body } = {}) {
  const wanted = ["x-api-key", ...(token ? ["authorization"] : []), ...(body ? ["content-type"] : [])];
  const asked = await fetch(server.url + path, {
    method: "OPTIONS",
    headers: {
      Origin: origin,
      "Access-Control-Request-Method": method,
      "Access-Control-Request-Headers": wanted.join(","),
    },
  });
  const list = (name) => (asked.headers.get(name) ?? "").toLowerCase().split(/, */);
  const isAllowed = (headers) => headers.get("access-control-allow-origin") === origin;
  const isGranted = wanted.every((name) => list("access-control-allow-headers").includes(name));
  if (!asked.ok || !isAllowed(asked.headers) || !isGranted || !list("access-control-allow-methods").includes(method.toLowerCase()))
    throw new Error(`the server refuses ${origin} the call ${method} ${path}`);
  const answer = await call(server, method, path, { token, body, headers: { Origin: origin, "X-API-Key": apiKey } });
  if (!isAllowed(answer.headers)) throw new Error(`the browser hides the answer of ${method} ${path} from ${origin}`);
  return answer;
}
