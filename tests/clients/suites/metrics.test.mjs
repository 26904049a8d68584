// Every figure moves when what it counts happens, none is missing from the table, and no label names a person, a ticket or
// a tenant.

import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { connect as openSocket } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { lockDatabase } from "../harness/files.mjs";
import { figure, listed, parse, scrape, valueOf } from "../harness/metrics.mjs";
import { call, newCustomer, newStaff, newSupport, newTicket, post, put } from "../harness/people.mjs";
import { freePort, launch, startServer, stopServer } from "../harness/server.mjs";
import { connect, heard, tell } from "../harness/sockets.mjs";
import { changeSqlite } from "../harness/sqlite.mjs";
import { pause, poll } from "../harness/wait.mjs";
import { startReceiver } from "../harness/webhooks.mjs";

let server;
let receiver;
let beginning;
/** The names that some test has seen move. */
const moved = new Set();
/** What says something by being there. */
const CONSTANT = ["smilechat_build_info", "process_max_fds", "process_start_time_seconds", "process_threads"];

/** What needs another node, a standby of the database, or a bot: suites/{nodes,redis,outages,bot}.test.mjs move these. A clock that is
 * off cannot be had for one process alone: platform/bus tests what is counted of it. */
const OF_OTHERS = /^smilechat_(bus_|presence_lists_total$|events_given_up_total$|replica_|bot_replies_total$)/;

before(async () => {
  receiver = await startReceiver();
  server = await startServer({
    env: {
      SMILECHAT_OUTBOUND__OWN_HOSTS: receiver.host,
      RATE_LIMIT: "on",
      SMILECHAT_LIMITS__LOGIN_FAILURES: "2",
      SMILECHAT_LIMITS__AUTH_PER_MINUTE: "1000",
      SMILECHAT_LIMITS__MESSAGES_PER_MINUTE: "1000000",
      SMILECHAT_SERVER__MAX_CONNECTIONS_PER_ADDRESS: "40",
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
  moved.add(name.replace(/_count$/, ""));
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
  await put(server, support, `/api/tickets/${ticket_id}`, { status: "closed" });
  await post(server, customer, `/api/messages/${ticket_id}`, { message_content: "One more thing" });
  await call(server, "GET", `/api/tickets/${ticket_id}?q=1`, { token: customer.token });
  await call(server, "GET", "/wp-login.php");
  for (const line of [theirs, ours]) line.socket.disconnect();

  await moves("smilechat_http_request_seconds_count", { route: "/api/tickets/{id}", method: "PUT", status: "200" });
  await moves("smilechat_http_request_seconds_count", { route: "other", status: "404" });
  await moves("smilechat_errors_total", { transport: "http", code: "not_found" });
  for (const role of ["customer", "support"]) await moves("smilechat_messages_total", { role }, (value) => value >= 2);
  await moves("smilechat_message_ack_seconds_count", {}, (value) => value === 3);
  await moves("smilechat_message_delivery_seconds_count", {}, (value) => value >= 5);
  await moves("smilechat_socket_event_seconds_count", { event: "join_ticket" }, (value) => value === 2);
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
  // It grows with each write, and is empty when nothing was written for a while.
  await moves("smilechat_db_wal_bytes", {}, (value) => value !== valueOf(beginning, "smilechat_db_wal_bytes"));
  await moves("smilechat_dependency_up", { dependency: "database" }, (value) => value === 1);
  await moves("smilechat_dependency_ping_seconds", { dependency: "database" }, (value) => value > 0 && value < 2);
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
});

test("connections, one too many, and a request that takes its time", async () => {
  const open = () => openSocket(server.port, "127.0.0.1").on("error", () => {});
  const slow = open();
  const head = "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n";
  slow.write(head);
  // One of them is the scrape itself.
  await moves("smilechat_http_requests_in_flight", {}, (value) => value === 2);
  slow.destroy();
  await figure(server, "smilechat_http_requests_in_flight", {}, (value) => value === 1);
  const most = valueOf(await scrape(server), "smilechat_connections");
  const held = Array.from({ length: 60 }, open);
  await poll("the first ones to be closed", 10_000, () => held.some((line) => line.destroyed || line.readableEnded));
  held.forEach((line) => line.destroy());
  await moves("smilechat_connections_refused_total", { why: "address" });
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
  const waits = [["file_removals", 100], ["bot", 0], ["analytics", 20]];
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
    commit;`);
  for (const [queue] of waits) await figure(server, "smilechat_backlog_oldest_seconds", { queue }, (value) => value === 0);
});

test("a database that another process holds", async () => {
  const customer = await newCustomer(server);
  const unlock = await lockDatabase(join(server.folder, "smilechat.db"));
  let refused;
  try {
    refused = Promise.all(Array.from({ length: 6 }, () =>
      call(server, "POST", "/api/tickets", { token: customer.token, body: { subject: "Hm" } })));
    await pause(100);
    const later = call(server, "POST", "/api/tickets", { token: customer.token, body: { subject: "Hm" } });
    await moves("smilechat_db_queue_length", { kind: "write" }, (value) => value > 0);
    await moves("smilechat_db_queue_stalled_seconds", { kind: "write" }, (value) => value > 0.5);
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
});

test("every figure of the table has moved, and there is no other", async () => {
  for (const name of ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"]) {
    await moves(name, {}, (value) => value > 0 && value !== valueOf(beginning, name));
  }
  const samples = await scrape(server);
  const names = listed().map((metric) => metric.name);
  assert.ok(names.length > 40, "this is not the page");
  for (const name of CONSTANT) assert.ok(valueOf(samples, name) > 0, name);
  const still = names.filter((name) => !moved.has(name) && !CONSTANT.includes(name) && !OF_OTHERS.test(name));
  assert.deepEqual(still, [], "nothing in this suite moves these");
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
