// Wrong payloads: each is answered, none harms this socket or another.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { allMessages, newCustomer, newTicket } from "../harness/people.mjs";
import { startServer, stopServer } from "../harness/server.mjs";
import { allHeard, ask, connect, settle, tell, transports } from "../harness/sockets.mjs";

const events = ["join_ticket", "leave_ticket", "chat_message", "typing", "message_read", "user_status", "reauth"];
const notObjects = [[], ["a string"], [null], [17], [true], [[]], [["join", "*"]], [{}], [Buffer.from("binary")]];

let server, own, foreign;
before(async () => {
  server = await startServer();
  const [customer, stranger] = [await newCustomer(server), await newCustomer(server, "stranger")];
  own = { customer, ...(await newTicket(server, customer)) };
  foreign = { customer: stranger, ...(await newTicket(server, stranger, { message_content: "not yours" })) };
});
after(() => stopServer(server));

for (const transport of Object.keys(transports)) {
  test(`what is no proper payload is answered with invalid, ${transport}`, async () => {
    const line = await connect(server, own.customer, transport);
    for (const event of events) {
      for (const payload of notObjects) {
        const ack = await ask(line, event, ...payload);
        assert.equal(ack.error?.code, "invalid", `${event} ${JSON.stringify(payload)}: ${JSON.stringify(ack)}`);
        line.socket.emit(event, ...payload);
      }
    }
    for (const [event, payload] of wrongFields(own.ticket_id)) {
      const ack = await ask(line, event, payload);
      const told = `${event} ${JSON.stringify(payload).slice(0, 100)}: ${JSON.stringify(ack)}`;
      assert.equal(ack.error?.code, "invalid", told);
      assert.ok(ack.error.message);
    }
    await stillServed(line);
  });

  test(`what is not the caller's does not exist, ${transport}`, async () => {
    const line = await connect(server, own.customer, transport);
    const [message] = await allMessages(server, foreign.customer, foreign.ticket_id);
    const victim = await connect(server, foreign.customer, transport);
    await tell(victim, "join_ticket", { ticket_id: foreign.ticket_id });
    for (const ticket_id of [foreign.ticket_id, "00000000-0000-7000-8000-000000000000"]) {
      for (const event of ["join_ticket", "chat_message", "typing", "message_read"]) {
        const ack = await ask(line, event, { ticket_id, ...rest(event) });
        assert.equal(ack.error?.code, "not_found", `${event}: ${JSON.stringify(ack)}`);
      }
    }
    assert.equal((await ask(line, "message_read", { message_id: message.message_id })).error?.code, "not_found");
    for (const ticket_id of ["__proto__", "*", "constructor", "../users/profile", "1 OR 1=1", "%00"]) {
      const ack = await ask(line, "join_ticket", { ticket_id });
      assert.ok(["invalid", "not_found"].includes(ack.error?.code), `${ticket_id}: ${JSON.stringify(ack)}`);
    }
    await settle(victim);
    for (const name of ["chat_message", "typing", "message_read"]) assert.deepEqual(allHeard(victim, name), []);
    assert.equal((await allMessages(server, foreign.customer, foreign.ticket_id)).length, 1);
    await stillServed(line);
  });

  test(`unknown events and floods harm nobody else, ${transport}`, async () => {
    const line = await connect(server, own.customer, transport);
    const other = await connect(server, foreign.customer, transport);
    for (const name of ["__proto__", "toString", "connection", "", "x".repeat(1000)]) line.socket.emit(name, {});
    for (let count = 0; count < 500; count += 1) {
      line.socket.emit("typing", { ticket_id: own.ticket_id, is_typing: count % 2 === 0 });
    }
    await stillServed(line);
    await tell(other, "join_ticket", { ticket_id: foreign.ticket_id });
  });
}

/** Read as JSON, so that `__proto__` is a key like any other. */
function wrongFields(ticket_id) {
  const texts = [
    ["join_ticket", `{"ticket_id": 1}`],
    ["join_ticket", `{"ticket_id": ["${ticket_id}"]}`],
    ["join_ticket", `{"ticket_id": {"$gt": ""}}`],
    ["join_ticket", `{"__proto__": {"ticket_id": "${ticket_id}"}}`],
    ["join_ticket", `{"ticket_id": "${ticket_id}", "after_seq": -1}`],
    ["join_ticket", `{"ticket_id": "${ticket_id}", "after_seq": "0"}`],
    ["join_ticket", `{"ticket_id": "${ticket_id}", "after_seq": 1.5}`],
    ["chat_message", `{"ticket_id": "${ticket_id}"}`],
    ["chat_message", `{"ticket_id": "${ticket_id}", "message_content": null}`],
    ["chat_message", `{"ticket_id": "${ticket_id}", "message_content": ""}`],
    ["chat_message", `{"ticket_id": "${ticket_id}", "message_content": " \\n\\t "}`],
    ["chat_message", `{"ticket_id": "${ticket_id}", "message_content": "\\u200b\\u200b"}`],
    ["chat_message", `{"ticket_id": "${ticket_id}", "message_content": "a\\u0000b"}`],
    ["chat_message", `{"ticket_id": "${ticket_id}", "message_content": "${"x".repeat(10_001)}"}`],
    ["chat_message", `{"ticket_id": "${ticket_id}", "message_content": "x", "client_id": "${"x".repeat(129)}"}`],
    ["chat_message", `{"ticket_id": "${ticket_id}", "message_content": "x", "client_id": 7}`],
    ["typing", `{"ticket_id": "${ticket_id}", "is_typing": "yes"}`],
    ["message_read", `{"ticket_id": "${ticket_id}", "up_to_seq": "all"}`],
    ["user_status", `{"status": "ONLINE "}`],
    ["user_status", `{"status": ["busy"]}`],
  ];
  return texts.map(([event, text]) => [event, JSON.parse(text)]);
}

function rest(event) {
  if (event === "chat_message") return { message_content: "let me in" };
  return { typing: { is_typing: true }, message_read: { up_to_seq: 1 } }[event];
}

async function stillServed(line) {
  assert.ok(line.socket.connected);
  await tell(line, "join_ticket", { ticket_id: own.ticket_id });
}
