// Every figure, and each value of its labels, moves when what it counts happens; none is missing from the table, and no label
// names a person, a ticket or a tenant.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { connect as openSocket } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { lockDatabase } from "../harness/files.mjs";
import { figure, listed, parse, scrape, valueOf } from "../harness/metrics.mjs";
import { call, get, newCustomer, newStaff, newSupport, newTicket, post, put } from "../harness/people.mjs";
import { freePort, launch, runCommand, startServer, stopServer } from "../harness/server.mjs";
import { connect, heard, settle, tell } from "../harness/sockets.mjs";
import { changeSqlite } from "../harness/sqlite.mjs";
import { pause, poll } from "../harness/wait.mjs";
import { startReceiver } from "../harness/webhooks.mjs";

let server;
let receiver;
let beginning;
/** What some test has seen move: names, and names with a label's value. */
const moved = new Set();
const withValue = (name, label, value) => `${name}{${label}="${value}"}`;
/** What says something by being there. */
const CONSTANT = ["smilechat_build_info", "process_max_fds", "process_start_time_seconds", "process_threads"];

/** What needs another node, a standby of the database, a bot, or a collector: who moves it, and by which values of its labels.
 * That these files name it is looked up. */
const ELSEWHERE = {
  "suites/redis.test.mjs": {
    smilechat_bus_up: [],
    smilechat_bus_published_total: [],
    smilechat_bus_received_total: [],
    smilechat_bus_dropped_total: [],
    smilechat_bus_junk_total: [],
    smilechat_presence_lists_total: [],
  },
  "suites/nodes.test.mjs": {
    smilechat_events_given_up_total: [],
    smilechat_db_errors_total: ["fault"],
  },
  "suites/outages.test.mjs": {
    smilechat_replica_lag_seconds: [],
    smilechat_replica_reads_total: ["answered", "passed_on"],
    smilechat_dependency_up: ["replica"],
    smilechat_dependency_ping_seconds: ["replica"],
  },
  "suites/bot.test.mjs": { smilechat_bot_replies_total: ["answered", "small_talk", "asked_back", "handed_over"] },
  "suites/model.test.mjs": { smilechat_bot_replies_total: ["no_reply"] },
  "trials/slow-reader.mjs": { smilechat_sockets_closed_total: ["slow reader"] },
  "test_otlp.py": {
    smilechat_telemetry_exports_total: ["traces", "logs", "ok"],
    smilechat_sockets_closed_total: ["server shutting down"],
  },
};
/** What no client can be sure to cause. */
const NOWHERE = {
  // A clock that is off cannot be had for one process alone: platform/bus tests what is counted of it.
  smilechat_bus_clock_off_total: [],
  // A fault of the server; a client's own patience, which may end first; and the end of a connection on which nobody has
  // joined. The first two are in tests/it/gateway.
  smilechat_sockets_closed_total: ["internal error", "ping timeout", "connect timeout"],
};

before(async () => {
  receiver = await startReceiver();
  server = await startServer({
    env: {
      SMILECHAT_OUTBOUND__OWN_HOSTS: receiver.host,
      RATE_LIMIT: "on",
      SMILECHAT_LIMITS__LOGIN_FAILURES: "2",
      SMILECHAT_LIMITS__AUTH_PER_MINUTE: "1000",
      SMILECHAT_LIMITS__MESSAGES_PER_MINUTE: "1000000",
      SMILECHAT_LIMITS__API_PER_MINUTE: "1000000",
      SMILECHAT_SERVER__MAX_CONNECTIONS: "120",
      SMILECHAT_SERVER__MAX_CONNECTIONS_PER_ADDRESS: "90",
      SMILECHAT_REALTIME__INBOX: "200",
      SMILECHAT_NOTIFICATIONS__WEBHOOK_TIMEOUT_SECONDS: "25",
      SMILECHAT_DATABASE__READERS: "1",
      SMILECHAT_DATABASE__BUSY_TIMEOUT_SECONDS: "2",
      SMILECHAT_DATABASE__SLOW_MS: "1",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
      SMILECHAT_TELEMETRY__METRICS_SECONDS: "1",
    },
  });
  beginning = await scrape(server);
});
after(async () => {
  await stopServer(server);
  await receiver.stop();
});

/** The figure differs from what it was when the server began, or is there where it was not. */
async function moves(name, labels, fits = (value) => value > (valueOf(beginning, name, labels) ?? 0), limit) {
  const { value } = await figure(server, name, labels, fits, limit);
  const family = name.replace(/_count$/, "");
  moved.add(family);
  for (const [label, one] of Object.entries(labels ?? {})) moved.add(withValue(family, label, one));
  return value;
}

test("what can be known before it happens is there at zero from the first scrape on", () => {
  const sets = (labels) =>
    labels.reduce((some, { name, values }) => some.flatMap((set) => values.map((value) => ({ ...set, [name]: value }))), [{}]);
  const closed = listed().filter(({ kind, labels }) => kind !== "gauge" && labels.every(({ values }) => values.length > 0));
  assert.ok(closed.length > 35, "this is not the page");
  for (const { name, kind, labels } of closed) {
    const suffixes = kind === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    for (const set of sets(labels)) {
      for (const suffix of suffixes) {
        assert.notEqual(valueOf(beginning, name + suffix, set), undefined, `${name}${suffix} ${JSON.stringify(set)}`);
      }
    }
  }
  const happened = ["smilechat_messages_total", "smilechat_message_ack_seconds_count", "smilechat_sockets_closed_total"];
  for (const name of happened) assert.equal(valueOf(beginning, name), 0, name);
});

test("a conversation", async () => {
  const [customer, support] = [await newCustomer(server), await newSupport(server)];
  const { ticket_id } = await newTicket(server, customer, { message_content: "Hello?" });
  await moves("smilechat_tickets_waiting", {}, (value) => value === 1);
  await moves("smilechat_tickets_waiting_oldest_seconds", {}, (value) => value > 1);
  const [theirs, ours] = [await connect(server, customer), await connect(server, support, "polling")];
  for (const line of [theirs, ours]) await tell(line, "join_ticket", { ticket_id });
  for (const side of ["customer", "staff"]) await moves("smilechat_users_online", { side }, (value) => value === 1);
  for (const transport of ["websocket", "polling"]) {
    await moves("smilechat_sockets", { transport }, (value) => value === 1);
  }
  await moves("smilechat_rooms", {}, (value) => value === 1);
  const { message: asked } = await tell(theirs, "chat_message", { ticket_id, message_content: "Is anybody there?" });
  await tell(ours, "chat_message", { ticket_id, message_content: "Yes" });
  const { message: offered } = await tell(ours, "chat_message", { ticket_id, message_content: "How can I help?" });
  // Both of the customer's, then both of staff; to read again, or what one's own side wrote, is nothing new.
  for (const { message_id } of [asked, asked, offered]) await tell(ours, "message_read", { message_id });
  for (const { message_id } of [offered, asked]) await tell(theirs, "message_read", { message_id });
  await put(server, support, `/api/messages/${asked.message_id}/read`, {});
  for (const side of ["staff", "customer"]) {
    await moves("smilechat_message_seen_seconds_count", { side }, (value) => value === 2);
    const took = valueOf(await scrape(server), "smilechat_message_seen_seconds_sum", { side });
    assert.ok(took >= 0 && took < 60, `${took} s`);
  }
  const replies = await moves("smilechat_ticket_first_reply_seconds_count");
  assert.equal(replies, 1, "one reply is the first");
  await moves("smilechat_tickets_waiting", {}, (value) => value === 0);
  await tell(theirs, "typing", { ticket_id, is_typing: false });
  await tell(ours, "user_status", { status: "away" });
  await tell(ours, "reauth", { token: support.token });
  await settle(ours);
  await put(server, support, `/api/tickets/${ticket_id}`, { status: "closed" });
  await post(server, customer, `/api/messages/${ticket_id}`, { message_content: "One more thing" });
  await post(server, await newStaff(server, "admin"), `/api/messages/${ticket_id}`, { message_content: "Of course" });
  await call(server, "GET", `/api/tickets/${ticket_id}?q=1`, { token: customer.token });
  await call(server, "GET", "/wp-login.php");
  for (const line of [theirs, ours]) line.socket.disconnect();

  await moves("smilechat_http_request_seconds_count", { route: "/api/tickets/{id}", method: "PUT", status: "200" });
  await moves("smilechat_http_request_seconds_count", { route: "other", status: "404" });
  await moves("smilechat_errors_total", { transport: "http", code: "not_found" });
  for (const [role, count] of [["customer", 3], ["support", 2], ["admin", 1]]) {
    await moves("smilechat_messages_total", { role }, (value) => value === count);
  }
  await moves("smilechat_message_ack_seconds_count", {}, (value) => value === 3);
  await moves("smilechat_message_delivery_seconds_count", {}, (value) => value >= 5);
  for (const [event, count] of Object.entries({ join_ticket: 2, leave_ticket: 1, typing: 1, message_read: 5, user_status: 1, reauth: 1 })) {
    await moves("smilechat_socket_event_seconds_count", { event }, (value) => value === count);
  }
  await moves("smilechat_inbox_wait_seconds_count");
  await moves("smilechat_inbox_size_count");
  await moves("smilechat_sockets_closed_total", { reason: "client namespace disconnect" }, (value) => value === 2);
  await moves("smilechat_event_lag_seconds_count");
  await moves("smilechat_tickets_opened_total", {}, (value) => value === 1);
  await moves("smilechat_tickets_closed_total", {}, (value) => value === 1);
  await moves("smilechat_tickets_reopened_total", {}, (value) => value === 1);
  await moves("smilechat_ticket_resolution_seconds_count", {}, (value) => value === 1);
  for (const kind of ["read", "write"]) {
    await moves("smilechat_db_wait_seconds_count", { kind });
    await moves("smilechat_db_run_seconds_count", { kind });
  }
  await moves("smilechat_db_group_size_count");
  await moves("smilechat_db_group_seconds_count");
  await moves("smilechat_db_commit_seconds_count");
  for (const dependency of ["database", "files"]) {
    await moves("smilechat_dependency_up", { dependency }, (value) => value === 1);
    await moves("smilechat_dependency_ping_seconds", { dependency }, (value) => value > 0 && value < 2);
  }
});

test("what is refused", async () => {
  const customer = await newCustomer(server);
  const login = (password) => call(server, "POST", "/api/auth/login", { body: { username: customer.username, password } });
  assert.equal((await login(customer.password)).status, 200);
  assert.equal((await login("wrong, and long enough")).status, 401);
  assert.equal((await login("wrong, and long enough")).status, 401);
  assert.equal((await login("wrong, and long enough")).status, 429);
  await moves("smilechat_sign_ins_total", { outcome: "ok" });
  await moves("smilechat_sign_ins_total", { outcome: "failed" }, (value) => value === 2);
  await moves("smilechat_sign_ins_total", { outcome: "limited" }, (value) => value === 1);
  const line = await connect(server, customer);
  await line.socket.emitWithAck("chat_message", "no object");
  await line.socket.emitWithAck("made_up", {});
  await moves("smilechat_errors_total", { transport: "socket", code: "invalid" });
  await moves("smilechat_socket_event_seconds_count", { event: "other" });
  line.socket.disconnect();
  const { username } = await newCustomer(server, "other");
  const taken = await call(server, "PUT", "/api/users/profile", { token: customer.token, body: { username } });
  assert.equal(taken.status, 409);
  await moves("smilechat_db_errors_total", { kind: "conflict" }, (value) => value === 1);
});

test("sockets that end, each in its way", async () => {
  const customer = await newCustomer(server);
  const ends = {
    "transport close": (wire) => wire.destroy(),
    "transport error": (wire) => wire.resetAndDestroy(),
    "parse error": (_, websocket) => websocket.send("no packet"),
    "server namespace disconnect": () => post(server, customer, "/api/auth/logout", {}),
  };
  for (const [reason, end] of Object.entries(ends)) {
    const { socket } = await connect(server, customer);
    const websocket = socket.io.engine.transport.ws;
    await end(websocket._socket, websocket);
    await moves("smilechat_sockets_closed_total", { reason }, (value) => value === 1);
  }
});

test("connections, too many of an address and too many in all, and a request that takes its time", async () => {
  const open = (localAddress = "127.0.0.1") =>
    openSocket({ port: server.port, host: "127.0.0.1", localAddress }).on("error", () => {});
  const slow = open();
  const head = "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n";
  slow.write(head);
  // One of them is the scrape itself.
  await moves("smilechat_http_requests_in_flight", {}, (value) => value === 2);
  slow.destroy();
  await figure(server, "smilechat_http_requests_in_flight", {}, (value) => value === 1);
  const most = valueOf(await scrape(server), "smilechat_connections");
  // One address has its 90, and with those of another one there are 120.
  const held = [];
  for (const address of ["127.0.0.1", "127.0.0.2"]) {
    const lines = Array.from({ length: 120 }, () => open(address));
    held.push(...lines);
    await poll(`some of ${address} to be closed`, 10_000, () => lines.some((line) => line.destroyed || line.readableEnded));
  }
  held.forEach((line) => line.destroy());
  for (const why of ["address", "full"]) await moves("smilechat_connections_refused_total", { why });
  await figure(server, "smilechat_connections", {}, (value) => value <= most);
  moved.add("smilechat_connections");
});

test("readers that stop, and what waits for them", async () => {
  const customer = await newCustomer(server);
  const { ticket_id } = await newTicket(server, customer);
  const [sender, reader] = [await connect(server, customer), await connect(server, customer)];
  await tell(reader, "join_ticket", { ticket_id });
  reader.socket.io.engine.transport.ws._socket.pause();
  const filler = "x".repeat(9_000);
  let isEnough = false;
  const flood = (async () => {
    while (!isEnough) {
      const one = () => tell(sender, "chat_message", { ticket_id, message_content: filler });
      await Promise.all(Array.from({ length: 50 }, one));
    }
  })();
  try {
    await moves("smilechat_outbox_packets", {}, (value) => value > 10, 60_000);
    // It grows with each write, and is empty when nothing was written for a while.
    await moves("smilechat_db_wal_bytes");
    await moves("smilechat_outbox_longest_packets", {}, (value) => value > 10);
    await moves("smilechat_events_waiting", {}, (value) => value > 0, 30_000);
  } finally {
    isEnough = true;
  }
  await flood;
  await figure(server, "smilechat_events_waiting", {}, (value) => value === 0);
  reader.socket.io.engine.transport.ws._socket.resume();
  for (const line of [sender, reader]) line.socket.disconnect();
});

test("more reads than one thread gets through", async () => {
  const customer = await newCustomer(server);
  let isEnough = false;
  const read = async () => {
    while (!isEnough) await get(server, customer, "/api/tickets");
  };
  const readers = Promise.all(Array.from({ length: 20 }, read));
  try {
    // The server's own jobs, which read as well, are fewer.
    await moves("smilechat_db_queue_length", { kind: "read" }, (value) => value > 2);
    await moves("smilechat_db_queue_stalled_seconds", { kind: "read" }, (value) => value > 0);
  } finally {
    isEnough = true;
  }
  await readers;
  for (const name of ["smilechat_db_queue_length", "smilechat_db_queue_stalled_seconds"]) {
    await figure(server, name, { kind: "read" }, (value) => value === 0);
  }
});

test("what waits to be done", async () => {
  const customer = await newCustomer(server);
  const { ticket_id } = await newTicket(server, customer, { message_content: "Hello?" });
  const database = join(server.folder, "smilechat.db");
  const ago = (seconds) => Date.now() - 1000 * seconds;
  // A file that could not be removed, a question that another node is at, and an event behind a gap that may still be filled.
  changeSqlite(database, `
    begin immediate;
    insert into file_removals (file_id, tenant_key, due_at) select 'of-a-test', tenant_key, ${ago(100)} from tenants limit 1;
    insert into bot_claims (tenant_key, ticket_key, holder, claimed_until)
      select tenant_key, ticket_key, 'another', ${ago(-300)} from tickets where ticket_id = '${ticket_id}';
    update tickets set bot_due_seq = 1 where ticket_id = '${ticket_id}';
    insert into events (event_key, tenant_key, kind, data, timestamp)
      select max(event_key) + 50, min(tenant_key), 'of_a_test', '{}', ${ago(20)} from events;
    commit;`);
  // Of three tenants. Two imports of a site that does not answer are under way, and a node carries out no more.
  receiver.answer = () => {};
  for (const name of ["one", "two"]) await runCommand(server, ["tenant", "create", "--name", name]);
  changeSqlite(database, `
    insert into kb_imports (tenant_key, import_id, url, most_pages, status, user_id, state, created_at)
      select tenant_key, tenant_id, '${receiver.url("/")}', 1, 'draft', 'nobody', 'running', ${ago(50)} from tenants;`);
  const waits = [["file_removals", 100], ["bot", 0], ["imports", 50], ["analytics", 20]];
  for (const [queue, seconds] of waits) {
    if (queue !== "analytics") await moves("smilechat_backlog_length", { queue }, (value) => value === 1);
    await moves("smilechat_backlog_oldest_seconds", { queue }, (value) => value > seconds && value < seconds + 60);
  }
  changeSqlite(database, `
    begin immediate;
    delete from file_removals where file_id = 'of-a-test';
    update tickets set bot_due_seq = null;
    delete from bot_claims where holder = 'another';
    delete from events where kind = 'of_a_test';
    delete from kb_imports;
    commit;`);
  for (const [queue] of waits) await figure(server, "smilechat_backlog_oldest_seconds", { queue }, (value) => value === 0);
  receiver.answer = undefined;
});

test("a database that another process holds", async () => {
  const customer = await newCustomer(server);
  const { ticket_id } = await newTicket(server, customer);
  const hasty = await connect(server, customer);
  const unlock = await lockDatabase(join(server.folder, "smilechat.db"));
  let refused;
  try {
    refused = Promise.all(Array.from({ length: 6 }, () =>
      call(server, "POST", "/api/tickets", { token: customer.token, body: { subject: "Hm" } })));
    await pause(100);
    const later = call(server, "POST", "/api/tickets", { token: customer.token, body: { subject: "Hm" } });
    await moves("smilechat_db_queue_length", { kind: "write" }, (value) => value > 0);
    await moves("smilechat_db_queue_stalled_seconds", { kind: "write" }, (value) => value > 0.5);
    // While its message waits for the database, no more of its events are taken than its inbox holds.
    hasty.socket.emit("chat_message", { ticket_id, message_content: "Hm" });
    for (let count = 0; count < 500; count += 1) hasty.socket.emit("typing", { ticket_id, is_typing: true });
    await moves("smilechat_sockets_closed_total", { reason: "too many events" }, (value) => value === 1);
    await moves("smilechat_db_failures_total");
    await moves("smilechat_db_errors_total", { kind: "unavailable" });
    await moves("smilechat_errors_total", { code: "unavailable", transport: "http" });
    await moves("smilechat_dependency_up", { dependency: "database" }, (value) => value === 0);
    await later;
  } finally {
    await unlock();
  }
  await refused;
  await figure(server, "smilechat_dependency_up", { dependency: "database" }, (value) => value === 1);
  await figure(server, "smilechat_db_queue_stalled_seconds", { kind: "write" }, (value) => value === 0);
  // With a bound of 1 ms some statement or commit of all this was slow.
  await moves("smilechat_db_slow_statements_total");
});

test("a place for files that is gone", async () => {
  const files = join(server.folder, "data", "files");
  renameSync(files, `${files}-gone`);
  await moves("smilechat_dependency_up", { dependency: "files" }, (value) => value === 0);
  rmSync(files, { recursive: true, force: true });
  mkdirSync(join(files, ".."), { recursive: true });
  renameSync(`${files}-gone`, files);
  await figure(server, "smilechat_dependency_up", { dependency: "files" }, (value) => value === 1);
});

test("a message that nobody announced is read from the database", async () => {
  const customer = await newCustomer(server);
  const { ticket_id } = await newTicket(server, customer);
  const line = await connect(server, customer);
  await tell(line, "join_ticket", { ticket_id });
  // Another process on the same file stores a message: this one hears nothing of it until the next one has a gap before it.
  const port = await freePort();
  const other = { ...server, port, url: `http://127.0.0.1:${port}`, sockets: [] };
  other.environment = { ...server.environment, PORT: String(port) };
  // What keeps a second server from the file.
  rmSync(join(server.folder, "smilechat.db.server"));
  await launch(other);
  const delivered = async () => valueOf(await scrape(server), "smilechat_message_delivery_seconds_count");
  const before = await delivered();
  await post(other, customer, `/api/messages/${ticket_id}`, { message_content: "unheard" });
  await post(server, customer, `/api/messages/${ticket_id}`, { message_content: "heard" });
  await moves("smilechat_holes_filled_total");
  await heard(line, "chat_message", (message) => message.message_content === "heard");
  assert.equal(await delivered(), before + 1, "how long a message of another process took is not known here");
  other.child.kill("SIGTERM");
  assert.deepEqual(await other.exit, { code: 0, signal: null });
  line.socket.disconnect();
});

test("a collector that is not there", async () => {
  await moves("smilechat_telemetry_exports_total", { signal: "metrics", outcome: "failed" });
});

test("a webhook", async () => {
  const [admin, customer] = [await newStaff(server, "admin"), await newCustomer(server)];
  await post(server, admin, "/api/webhooks", { url: receiver.url("/hook"), types: ["ticket.created"] });
  await newTicket(server, customer);
  await receiver.until("/hook", 1);
  await moves("smilechat_webhook_deliveries_total", { result: "delivered" }, (value) => value === 1);
  await moves("smilechat_webhook_seconds_count");

  // Four are sent to a receiver at once: while it is silent about these, the others wait.
  const held = [];
  receiver.answer = (_, response) => held.push(response);
  for (let count = 0; count < 6; count += 1) await newTicket(server, customer);
  await receiver.until("/hook", 5);
  await moves("smilechat_backlog_length", { queue: "webhooks" }, (value) => value === 2);
  await moves("smilechat_backlog_oldest_seconds", { queue: "webhooks" }, (value) => value > 0 && value < 60);
  receiver.answer = undefined;
  for (const response of held) response.writeHead(204).end();
  await moves("smilechat_webhook_deliveries_total", { result: "delivered" }, (value) => value === 7);
  for (const name of ["length", "oldest_seconds"]) {
    await figure(server, `smilechat_backlog_${name}`, { queue: "webhooks" }, (value) => value === 0);
  }

  receiver.answer = (_, response) => response.writeHead(500).end();
  await newTicket(server, customer);
  await moves("smilechat_webhook_deliveries_total", { result: "retried" }, (value) => value === 1);
  // The tenth attempt, three days later.
  changeSqlite(join(server.folder, "smilechat.db"), "update webhook_deliveries set attempts = 9, next_at = 0 where state = 'pending'");
  await moves("smilechat_webhook_deliveries_total", { result: "failed" }, (value) => value === 1);
  assert.equal(valueOf(await scrape(server), "smilechat_webhook_deliveries_total"), 9, "each attempt has one result");
});

test("every figure of the table has moved, and there is no other", async () => {
  for (const name of ["process_cpu_seconds_total", "process_resident_memory_bytes"]) {
    await moves(name, {}, (value) => value > 0 && value !== valueOf(beginning, name));
  }
  const open = valueOf(await scrape(server), "process_open_fds");
  const held = Array.from({ length: 20 }, () => openSocket(server.port, "127.0.0.1"));
  await moves("process_open_fds", {}, (value) => value > open + 9);
  held.forEach((line) => line.destroy());
  const samples = await scrape(server);
  const names = listed().map((metric) => metric.name);
  assert.ok(names.length > 40, "this is not the page");
  for (const name of CONSTANT) assert.ok(valueOf(samples, name) > 0, name);
  const elsewhere = new Set();
  for (const [file, figures] of Object.entries(ELSEWHERE)) {
    const text = readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
    for (const [name, values] of Object.entries(figures)) {
      for (const word of [name, ...values]) assert.match(text, new RegExp(`["{]${word}["{\\s]`), `${file} says nothing of ${word}`);
    }
  }
  const excused = [...Object.values(ELSEWHERE), NOWHERE].flatMap((figures) => Object.entries(figures));
  for (const [name, values] of excused) {
    elsewhere.add(name);
    const { labels } = listed().find((metric) => metric.name === name);
    for (const value of values) elsewhere.add(withValue(name, labels.find((label) => label.values.includes(value)).name, value));
  }
  const all = listed().flatMap(({ name, labels }) => [
    name,
    ...labels.flatMap((label) => label.values.map((value) => withValue(name, label.name, value))),
  ]);
  const still = all.filter((one) => !moved.has(one) && !elsewhere.has(one) && !CONSTANT.includes(one));
  assert.deepEqual(still, [], "nothing moves these");
  assert.deepEqual([...elsewhere].filter((one) => !all.includes(one)), [], "these are excused, and not in the table");
  assert.deepEqual([...elsewhere].filter((one) => one.includes("{") && moved.has(one)), [], "these are excused, and move here");
  const families = new Set(samples.map((one) => one.name.replace(/_(bucket|sum|count)$/, "")));
  const unknown = [...families].filter((name) => !names.includes(name));
  assert.deepEqual(unknown, [], "not in the table");
  const strange = listed().flatMap(({ name, labels }) => labels.filter(({ values }) => values.length > 0).flatMap((label) =>
    samples
      .filter((one) => one.name.replace(/_(bucket|sum|count)$/, "") === name && !label.values.includes(one.labels[label.name]))
      .map((one) => `${name} ${label.name}=${one.labels[label.name]}`)));
  assert.deepEqual(strange, [], "a label says what the table does not list");
});

test("no label names a person, a ticket or a tenant", async () => {
  const samples = await scrape(server);
  const labels = samples.flatMap((one) => Object.values(one.labels));
  const ids = labels.filter((value) => /[0-9a-f]{8}-[0-9a-f]{4}/.test(value) || /customer-|support-|pk_|sk_/.test(value));
  assert.deepEqual(ids, []);
  const text = await (await fetch(`${server.url}/metrics`)).text();
  // Who is alone has no bus that could be up, and no standby that could be behind.
  const absent = ["smilechat_bus_up", "smilechat_replica_lag_seconds"];
  for (const { name, kind } of listed().filter(({ name }) => !absent.includes(name))) {
    const described = [`# HELP ${name} `, `# TYPE ${name} ${kind}`];
    for (const line of described) assert.ok(text.includes(line), `${line} is missing`);
  }
  assert.equal(parse(text).some((one) => Number.isNaN(one.value)), false);
});
