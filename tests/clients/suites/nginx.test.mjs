// The files in deploy/nginx, run by a real nginx in front of two real servers on one PostgreSQL.

import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, createServer, request } from "node:http";
import { createConnection } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";

import { doctor, named } from "../harness/doctor.mjs";
import { figure, scrape, valueOf } from "../harness/metrics.mjs";
import { startNginx, stopNginx } from "../harness/nginx.mjs";
import { allMessages, call, get, newCustomer, newStaff, newTicket, post } from "../harness/people.mjs";
import { startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { endProcess, launch, runCommand, startServer, stopServer } from "../harness/server.mjs";
import { allHeard, connect, tell } from "../harness/sockets.mjs";
import { countAcked, endTalks, everybodyIsBack, startTalks } from "../harness/talks.mjs";
import { pause, poll } from "../harness/wait.mjs";

const many = "1000000";
// Limits are on, since they go by the client's address; what is not asked about here is out of the way.
const limits = Object.fromEntries(
  ["API", "AUTH", "MESSAGES", "TYPING", "EVENTS"].map((what) => [`SMILECHAT_LIMITS__${what}_PER_MINUTE`, many]),
);
const env = { ...limits, RATE_LIMIT: "on", SMILECHAT_SERVER__TRUSTED_PROXIES: "1" };

let [postgres, nodes, nginx, front] = [];
before(async () => {
  postgres = await startPostgres();
  nodes = [await startServer({ databaseUrl: postgres.url, env }), await startServer({ databaseUrl: postgres.url, env })];
  const [one, two] = nodes.map((node) => `127.0.0.1:${node.port}`);
  nginx = await startNginx("smilechat.conf", { "127.0.0.1:3100": one, "127.0.0.1:3101": two });
  front = { ...nodes[0], url: nginx.url, sockets: [] };
});
after(async () => {
  for (const socket of front?.sockets ?? []) socket.disconnect();
  if (nginx) await stopNginx(nginx);
  for (const node of nodes ?? []) await stopServer(node);
  if (postgres) stopPostgres(postgres);
});

/** A call from an address of its own, of which the loopback has many. */
async function callFrom(address, method, path, { body, headers = {}, token } = {}) {
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const asked = request(nginx.url + path, {
    method,
    localAddress: address,
    agent: false,
    headers: {
      ...(sent && { "content-type": "application/json", "content-length": Buffer.byteLength(sent) }),
      ...(token && { authorization: `Bearer ${token}` }),
      ...headers,
    },
  });
  asked.end(sent);
  const [answer] = await once(asked, "response");
  answer.resume();
  await once(answer, "end");
  return answer.statusCode;
}

const posts = ["smilechat_http_request_seconds_count", { method: "POST", route: "/api/messages/{id}" }];
const socketsAt = async (node, labels = {}) => valueOf(await scrape(node), "smilechat_sockets", labels) ?? 0;

test("REST goes to both nodes, and is one conversation", async () => {
  const customer = await newCustomer(front);
  const { ticket_id } = await newTicket(front, customer);
  for (let index = 1; index <= 30; index += 1) {
    const sent = await post(front, customer, `/api/messages/${ticket_id}`, { message_content: `${index}` });
    assert.equal(sent.seq, index);
  }
  assert.deepEqual((await allMessages(front, customer, ticket_id)).map((row) => row.seq), Array.from({ length: 30 }, (_, at) => at + 1));
  for (const node of nodes) {
    await figure(node, ...posts, (count) => count > 0);
  }
});

test("20 clients that poll, each from an address of its own, stay at their nodes; those that upgrade come through", async () => {
  const customer = await newCustomer(front);
  const { ticket_id } = await newTicket(front, customer);
  const lines = [];
  for (let index = 0; index < 20; index += 1) {
    const agent = new Agent({ localAddress: `127.0.0.${100 + index}`, keepAlive: true });
    lines.push(await connect(front, customer, index % 5 ? "polling" : "upgrade", { agent }));
  }
  await Promise.all(lines.map((line) => tell(line, "join_ticket", { ticket_id })));
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(
      lines.map((line, index) => tell(line, "chat_message", { ticket_id, message_content: "x", client_id: `${index}/${round}` })),
    );
  }
  for (const node of nodes) await figure(node, "smilechat_sockets", { transport: "polling" }, (count) => count >= 2);
  assert.deepEqual(lines.flatMap((line) => allHeard(line, "disconnect")), []);
  const upgraded = () => lines.filter((line) => line.socket.io.engine.transport.name === "websocket").length;
  await poll("four to be WebSockets", 5_000, () => upgraded() === 4);
  assert.equal((await get(front, customer, `/api/tickets/${ticket_id}`)).last_seq, 200);
  for (const line of lines) line.socket.disconnect();
});

test("a node is killed: its clients come back by the other and read on", async () => {
  for (const node of nodes) await figure(node, "smilechat_sockets", {}, (count) => count === 0);
  // All of them have one address, and so one node: they hear each other.
  const talks = await startTalks(front, { count: 3, window: 1 });
  const home = await poll("a node to have them", 15_000, async () => {
    for (const node of nodes) if ((await socketsAt(node)) >= 6) return node;
    return undefined;
  });
  await poll("some to be acked", 10_000, () => countAcked(talks) > 100);
  await endProcess(home, "SIGKILL");
  const [before, killed] = [countAcked(talks), Date.now()];
  await everybodyIsBack(talks);
  await poll("them to be acked again", 20_000, () => countAcked(talks) > before + 50);
  console.log(`  back at the other node after ${Date.now() - killed} ms`);
  const { retries } = await endTalks(front, talks);
  assert.ok(retries > 0, "there was trouble");
  await launch(home);
  for (const talk of talks) for (const line of talk.lines) line.socket.disconnect();
});

test("a rolling restart fails no REST request that is repeated", async () => {
  const customer = await newCustomer(front);
  const { ticket_id } = await newTicket(front, customer);
  let [isOver, sent, repeated] = [false, 0, 0];
  const write = async (writer) => {
    for (let index = 0; !isOver; index += 1) {
      const body = { message_content: "x", client_id: `${writer}/${index}` };
      for (let attempt = 1; ; attempt += 1) {
        const status = await callFrom("127.0.0.1", "POST", `/api/messages/${ticket_id}`, { token: customer.token, body });
        if (status === 200 || status === 201) break;
        assert.ok(attempt < 5, `still ${status} after ${attempt} attempts`);
        repeated += 1;
        await pause(100 * 2 ** attempt);
      }
      sent += 1;
    }
  };
  const writers = Promise.all([0, 1, 2, 3].map(write));
  for (const node of nodes) {
    const already = sent;
    await poll("some to be sent", 10_000, () => sent > already + 50);
    assert.deepEqual(await endProcess(node, "SIGTERM"), { code: 0, signal: null });
    await launch(node);
    await figure(node, ...posts, (count) => count > 0);
  }
  isOver = true;
  await writers;
  console.log(`  ${sent} messages while both nodes were restarted, ${repeated} requests repeated`);
  const rows = await allMessages(front, customer, ticket_id);
  assert.equal(rows.length, sent);
  assert.equal(new Set(rows.map((row) => row.client_id)).size, sent);
});

test("large files pass, large JSON does not", async () => {
  const customer = await newCustomer(front);
  const { ticket_id } = await newTicket(front, customer);
  const form = new FormData();
  const megabytes = 24;
  for (const name of ["one.txt", "two.txt"]) form.append("file", new Blob(["x".repeat(megabytes << 20)]), name);
  const upload = await fetch(`${nginx.url}/api/attachments?ticket_id=${ticket_id}`, {
    method: "POST",
    headers: { authorization: `Bearer ${customer.token}` },
    body: form,
  });
  assert.equal(upload.status, 201);
  assert.deepEqual((await upload.json()).data.map((file) => file.size), [megabytes << 20, megabytes << 20]);
  const json = (bytes) => call(front, "POST", "/api/tickets", { token: customer.token, body: { subject: "x".repeat(bytes) } });
  assert.equal((await json(1_000_000)).body.code, "invalid");
  const refused = await fetch(`${nginx.url}/api/tickets`, { method: "POST", body: "x".repeat(2 << 20) });
  assert.equal(refused.status, 413);
});

test("limits go by the client's own address, whatever the client says it is", async () => {
  const { username } = await newCustomer(front);
  const wrong = (address, headers) =>
    callFrom(address, "POST", "/api/auth/login", { body: { username, password: "wrong, and long enough" }, headers });
  // Each node counts for itself: ten at each, and more than enough for both.
  const statuses = [];
  for (let tries = 0; tries < 30; tries += 1) statuses.push(await wrong("127.0.0.50"));
  assert.deepEqual([statuses[0], statuses.at(-1)], [401, 429]);
  assert.equal(await wrong("127.0.0.50", { "x-forwarded-for": "198.51.100.7" }), 429);
  assert.equal(await wrong("127.0.0.51"), 401);
  assert.equal(await wrong("127.0.0.51", { "x-forwarded-for": "127.0.0.50" }), 401);
});

/** The status that is answered to a head sent as it is. */
async function statusOf(head) {
  const socket = createConnection(new URL(nginx.url).port, "127.0.0.1");
  socket.write(`${head}\r\nConnection: close\r\n\r\n`);
  return Number((await text(socket)).split(" ")[1]);
}

test("what is not for everybody stays inside, and http leads to https by 308", async () => {
  const names = ["/metrics", "/metrics?x=1", "//metrics", "/%6detrics", "/app/../metrics", "/app/%2e%2e/metrics", "/app/..%2fmetrics"];
  // Those are no route either.
  const others = ["/api/metrics", "/api/v1/metrics", "/metrics/", "/metrics%00", "/METRICS"];
  for (const path of [...names, ...others]) {
    const status = await statusOf(`GET ${path} HTTP/1.1\r\nHost: x`);
    assert.ok(status === 404 || status === 400, `${path}: ${status}`);
  }
  // The console and the doctor ask this one.
  assert.equal((await fetch(`${nginx.url}/readyz`)).status, 200);
  const plain = await fetch(`${nginx.plainUrl}/api/tickets?x=1`, { method: "POST", redirect: "manual" });
  assert.deepEqual([plain.status, plain.headers.get("location")], [308, "https://127.0.0.1/api/tickets?x=1"]);
});

test("a head without a host, or with two, is refused", async () => {
  assert.equal(await statusOf("GET /healthz HTTP/1.1\r\nX-A: b"), 400);
  assert.equal(await statusOf("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b"), 400);
});

test("no path but that of the sockets may speak anything but HTTP", async () => {
  const heads = [];
  const stand = createServer((asked, answer) => {
    heads.push([asked.url, asked.headers.upgrade, asked.headers.connection, asked.headers["x-forwarded-for"], asked.headers.host]);
    answer.end();
  });
  await new Promise((done) => stand.listen(0, "127.0.0.1", done));
  const place = `127.0.0.1:${stand.address().port}`;
  const other = await startNginx("smilechat.conf", { "127.0.0.1:3100": place, "127.0.0.1:3101": place });
  try {
    heads.length = 0;
    const host = new URL(other.url).host;
    for (const path of ["/api/tickets", "/app", "/", "/socket.io/?EIO=4"]) {
      const headers = { upgrade: "h2c", connection: "Upgrade", "x-forwarded-for": "10.9.9.9" };
      const asked = request(other.url + path, { agent: false, headers });
      asked.end();
      const [answer] = await once(asked, "response");
      answer.resume();
      await once(answer, "end");
    }
    assert.deepEqual(heads, [
      ["/api/tickets", undefined, undefined, "127.0.0.1", host],
      ["/app", undefined, undefined, "127.0.0.1", host],
      ["/", undefined, undefined, "127.0.0.1", host],
      ["/socket.io/?EIO=4", "h2c", "upgrade", "127.0.0.1", host],
    ]);
  } finally {
    await stopNginx(other);
    stand.close();
    stand.closeAllConnections();
  }
});

test("the doctor finds nothing wrong, by TLS", async () => {
  const trust = { SSL_CERT_FILE: nginx.authority };
  const all = await doctor(nginx.secureUrl, [], trust);
  assert.deepEqual([all.code, named(all.report, "broken"), named(all.report, "warning")], [0, [], []], JSON.stringify(all.report));
  const stranger = await doctor(nginx.secureUrl);
  assert.deepEqual([stranger.code, named(stranger.report, "broken")], [1, ["tls"]]);

  // A conversation through both nodes, and a quiet socket.
  const admin = await newStaff(front, "admin");
  const { api_key } = await post(front, admin, "/api/api-keys", { kind: "publishable", name: "Shop" });
  const talked = await doctor(nginx.secureUrl, ["--api-key", api_key, "--patience", "1"], trust);
  assert.deepEqual([talked.code, named(talked.report, "broken")], [0, []], JSON.stringify(talked.report));
});

test("smilechat-services.conf sends each path to the service that has its routes", async () => {
  const tags = { "api keys": "auth", audit: "auth", settings: "auth", users: "auth", attachments: "tickets", messages: "tickets", bot: "tickets", knowledge: "tickets", webhooks: "notifications" };
  const ports = { auth: [3110], tickets: [3120], realtime: [3130, 3131], analytics: [3140], notifications: [3160], pages: [3150] };
  const [stands, places] = [[], {}];
  for (const [service, shipped] of Object.entries(ports)) {
    const stand = createServer((_, answer) => answer.end(service));
    await new Promise((done) => stand.listen(0, "127.0.0.1", done));
    stands.push(stand);
    for (const port of shipped) places[`127.0.0.1:${port}`] = `127.0.0.1:${stand.address().port}`;
  }
  const split = await startNginx("smilechat-services.conf", places);
  try {
    const ask = async (path, method = "GET") => (await fetch(split.url + path, { method })).text();
    const { paths } = JSON.parse(await runCommand(nodes[0], ["openapi"]));
    for (const [path, methods] of Object.entries(paths)) {
      const [tag] = Object.values(methods)[0].tags;
      const service = tag === "operations" ? "pages" : (tags[tag] ?? tag);
      if (["/metrics", "/asyncapi.json"].includes(path)) continue;
      const given = path.replaceAll(/\{\w+\}/g, "some-id");
      assert.equal(await ask(given), service, path);
      if (path.startsWith("/api/")) assert.equal(await ask(given.replace("/api/", "/api/v1/")), service, `${path}, with v1`);
    }
    assert.equal(await ask("/asyncapi.json"), "realtime");
    assert.equal(await ask("/socket.io/?EIO=4&transport=polling"), "realtime");
    for (const page of ["/", "/app", "/app/tickets/1", "/demo", "/widget.js", "/widget/x.js", "/docs/"]) assert.equal(await ask(page), "pages", page);
    for (const page of ["/help/default", "/help/default/an-article", "/help"]) assert.equal(await ask(page), "tickets", page);
    assert.equal((await fetch(`${split.url}/metrics`)).status, 404);
  } finally {
    await stopNginx(split);
    for (const stand of stands) {
      stand.close();
      stand.closeAllConnections();
    }
  }
});
