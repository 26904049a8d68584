// The log of a whole conversation, for a machine to read: every line in the fields of ECS, and nothing in it that is not
// for others' eyes.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";

import { call, login, newCustomer, newTicket, post, put } from "../harness/people.mjs";
import { readLog, runCommand, secret, withServer } from "../harness/server.mjs";
import { ask, connect, tell } from "../harness/sockets.mjs";

const canary = (what) => `canary-${what}-${randomBytes(8).toString("hex")}`;

/** Everything that people entrust to the server, each with a word of its own in it. Answers what must stay secret. */
async function converse(server) {
  const secrets = [secret];
  const plant = (what) => {
    secrets.push(canary(what));
    return secrets.at(-1);
  };
  const customer = await newCustomer(server);
  const [username, password] = [`staff-${randomBytes(4).toString("hex")}`, plant("password")];
  await runCommand(server, ["user", "create", "--username", username, "--role", "admin", "--password-stdin"], password);
  const admin = await login(server, username, password);
  secrets.push(customer.token, customer.refreshToken, customer.password, admin.token, admin.refreshToken);
  await call(server, "POST", "/api/auth/login", { body: { username, password: plant("wrong-password") } });

  const key = await post(server, admin, "/api/api-keys", { kind: "secret", name: "k", scopes: ["tickets:read"] });
  secrets.push(key.api_key);
  await call(server, "GET", "/api/tickets", { headers: { "x-api-key": key.api_key } });
  const subject = plant("subject");
  const { ticket_id } = await newTicket(server, customer, { subject, message_content: plant("first") });
  await call(server, "GET", `/api/tickets?q=${plant("search")}`, { token: admin.token });
  await call(server, "GET", `/api/tickets/${plant("path")}`, { token: admin.token });
  await post(server, customer, `/api/messages/${ticket_id}`, { message_content: plant("rest") });
  await post(server, admin, `/api/tickets/${ticket_id}/notes`, { body: plant("note") });
  const [theirs, ours] = [await connect(server, customer), await connect(server, admin, "polling")];
  for (const line of [theirs, ours]) await tell(line, "join_ticket", { ticket_id });
  await tell(theirs, "chat_message", { ticket_id, message_content: plant("socket") });
  await tell(ours, "chat_message", { ticket_id, message_content: plant("answer") });
  await theirs.socket.emitWithAck("chat_message", { ticket_id, message_content: "", [plant("field")]: 1 });
  await theirs.socket.emitWithAck("reauth", { token: plant("token") });
  await put(server, admin, `/api/tickets/${ticket_id}`, { status: "closed" });
  await call(server, "POST", "/api/auth/refresh", { body: { refresh_token: plant("refresh") } });
  await call(server, "POST", "/api/tickets", { token: customer.token, body: `{"subject": "${plant("broken")}` });
  await call(server, "GET", "/healthz", { headers: { "x-request-id": "probe", cookie: plant("cookie") } });
  await call(server, "GET", "/api/tickets", { token: customer.token, headers: { "x-request-id": "by-hand" } });
  for (const line of [theirs, ours]) line.socket.disconnect();
  return secrets;
}

const levels = { "what is usual": "info", "all that our own code says": "info,smilechat=trace" };
for (const [name, level] of Object.entries(levels)) {
  test(`nothing secret is logged: ${name}`, async () => {
    await withServer({ env: { SMILECHAT_LOG__LEVEL: level, SMILECHAT_DATABASE__SLOW_MS: "1" } }, async (server) => {
      const secrets = await converse(server);
      const log = readLog(server);
      assert.ok(secrets.every((one) => typeof one === "string" && one.length > 10) && secrets.length > 20);
      assert.deepEqual(secrets.filter((one) => log.includes(one)), []);
      assert.ok(log.includes("answered"), "there is a log at all");
      if (level !== "info") assert.ok(log.includes(`"log.level":"debug"`), "the level is taken");
    });
  });
}

test("every line is an object in the fields of ECS, and a request is one line", async () => {
  await withServer({}, async (server) => {
    await converse(server);
    const text = readLog(server);
    assert.ok(text.endsWith("\n"));
    const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line));
    for (const line of lines) {
      assert.match(line["@timestamp"], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.match(line["log.level"], /^(error|warn|info)$/);
      for (const field of ["message", "ecs.version", "service.name", "service.node.name", "log.logger", "event.dataset"]) {
        assert.equal(typeof line[field], "string", `${field} in ${JSON.stringify(line)}`);
      }
      for (const field of Object.keys(line)) {
        assert.match(field, /^(@timestamp|message|(log|ecs|service|event|http|url|error|trace|span|user|smilechat)\..+)$/);
      }
    }
    const access = lines.filter((line) => line["event.dataset"] === "smilechat.access");
    const [byHand, ...more] = access.filter((line) => line["http.request.id"] === "by-hand");
    assert.deepEqual(more, []);
    assert.equal(byHand["http.request.method"], "GET");
    assert.equal(byHand["http.response.status_code"], 200);
    assert.equal(byHand["http.route"], "/api/tickets");
    assert.equal(byHand["event.outcome"], "success");
    assert.ok(byHand["event.duration"] > 1000, "nanoseconds");
    assert.equal(access.some((line) => line["http.request.id"] === "probe"), false, "probes are at debug");
    const missed = access.find((line) => line["http.response.status_code"] === 404);
    assert.deepEqual([missed["error.code"], missed["http.route"]], ["not_found", "/api/tickets/{id}"]);
  });
});

test("what a socket is refused is logged under the id that it is told", async () => {
  await withServer({}, async (server) => {
    const customer = await newCustomer(server);
    const line = await connect(server, customer);
    const { error } = await ask(line, "join_ticket", { ticket_id: "none" });
    const refusal = await connect(server, { ...customer, token: "bad" }).catch((refused) => refused);
    assert.equal(refusal.message, "unauthorized");
    const handshake = await call(server, "GET", "/socket.io/?EIO=3");
    const told = [
      [error.request_id, "not_found"],
      [refusal.data.request_id, "unauthorized"],
      [handshake.headers.get("x-request-id"), "bad_request"],
    ];
    const log = readLog(server).trimEnd().split("\n").map((one) => JSON.parse(one));
    for (const [id, code] of told) {
      assert.ok(id, code);
      assert.deepEqual(log.filter((one) => one["http.request.id"] === id).map((one) => one["error.code"]), [code]);
    }
    assert.equal(handshake.body.request_id, told[2][0]);
  });
});

test("every request and every event of a socket is in a trace, the caller's or one of its own", async () => {
  await withServer({}, async (server) => {
    const customer = await newCustomer(server);
    const theirs = "4bf92f3577b34da6a3ce929d0e0e4736";
    const traceparent = `00-${theirs}-00f067aa0ba902b7-01`;
    const id = (name) => ({ token: customer.token, headers: { "x-request-id": name, ...(name === "with" && { traceparent }) } });
    for (const name of ["with", "without", "without-again"]) await call(server, "GET", "/api/tickets", id(name));
    await call(server, "GET", "/socket.io/?EIO=3", { headers: { "x-request-id": "handshake", traceparent } });
    const line = await connect(server, customer);
    const refused = [];
    for (const event of ["join_ticket", "join_ticket", "made_up", "chat_message"]) {
      refused.push((await ask(line, event, { ticket_id: "none", message_content: "Hello?" })).error.request_id);
    }
    // One that cannot be read, and one that never comes to an event.
    refused.push((await ask(line, "chat_message", {})).error.request_id);
    refused.push((await connect(server, { ...customer, token: "bad" }).catch((refusal) => refusal)).data.request_id);
    line.socket.disconnect();
    const lines = readLog(server).trimEnd().split("\n").map((one) => JSON.parse(one));
    const of = (name) => {
      const [found, ...more] = lines.filter((one) => one["http.request.id"] === name);
      assert.deepEqual(more, []);
      return found["trace.id"];
    };
    assert.deepEqual([of("with"), of("handshake")], [theirs, theirs]);
    const own = ["without", "without-again", ...refused].map(of);
    for (const trace of own) assert.match(trace, /^(?!0{32})[0-9a-f]{32}$/);
    assert.equal(new Set([theirs, ...own]).size, own.length + 1, own.join());
    const without = lines.filter((one) => one["http.request.id"] && !one["trace.id"]);
    assert.deepEqual(without, [], "whatever has the one id has the other");
    assert.equal(lines.some((one) => one["span.id"]), false, "nobody keeps spans");
  });
});

test("a slow statement is told with where it stands, and without its values", async () => {
  await withServer({ env: { SMILECHAT_DATABASE__SLOW_MS: "1" } }, async (server) => {
    const customer = await newCustomer(server);
    const find = () => readLog(server).split("\n").filter((line) => line.includes("a slow statement"));
    for (let round = 0; round < 200 && find().length < 3; round += 1) {
      await newTicket(server, customer, { message_content: canary("value") });
    }
    const lines = find().map((line) => JSON.parse(line));
    assert.ok(lines.length > 0, "a commit with its sync to the disk takes more than a millisecond");
    for (const line of lines) {
      assert.match(line["smilechat.statement"], /^(commit|select|insert|update|delete|with)/);
      assert.ok(line["smilechat.ran_ms"] >= 1 && line["smilechat.queued_ms"] >= 0, JSON.stringify(line));
      assert.ok(line["log.origin.file.name"]?.endsWith(".rs") || line["smilechat.group"], JSON.stringify(line));
    }
  });
});
