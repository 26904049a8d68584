// Files by REST, carried by a message over the sockets.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { newCustomer, newSupport, newTicket, upload } from "../harness/people.mjs";
import { connect, heard, tell } from "../harness/sockets.mjs";
import { startServer, stopServer } from "../harness/server.mjs";

let server;
before(async () => (server = await startServer()));
after(() => stopServer(server));

test("a message carries files to everybody in the room, live and by replay, and each once", async () => {
  const [customer, support] = [await newCustomer(server), await newSupport(server)];
  const { ticket_id } = await newTicket(server, customer);
  const [theirs, ours] = [await connect(server, customer), await connect(server, support)];
  await tell(ours, "join_ticket", { ticket_id });
  const files = await upload(server, customer, ticket_id, ["bill.txt", "9.90"], ["lid.txt", "torn"]);
  assert.deepEqual(files.map((file) => file.name), ["bill.txt", "lid.txt"]);
  const attachment_ids = files.map((file) => file.attachment_id);

  const message = { ticket_id, message_content: "", attachment_ids, client_id: "files-1" };
  const ack = await tell(theirs, "chat_message", message);
  assert.deepEqual(ack.message.attachments, files);
  const live = await heard(ours, "chat_message", (event) => event.seq === ack.message.seq);
  assert.deepEqual(live.attachments, files);
  const replayed = await tell(ours, "join_ticket", { ticket_id, after_seq: 0 });
  assert.deepEqual(replayed.messages.at(-1).attachments, files);
  const again = await tell(theirs, "chat_message", message);
  assert.equal(again.message.message_id, ack.message.message_id, "a repeat is the first one");

  const bytes = await fetch(server.url + files[1].url, { headers: { authorization: `Bearer ${support.token}` } });
  assert.equal(await bytes.text(), "torn");

  // Answered each on its own: what is refused does not stop what comes after it.
  const send = (payload) => theirs.socket.timeout(5_000).emitWithAck("chat_message", { ticket_id, ...payload });
  const [sentBefore, unknown, empty, good] = await Promise.all([
    send({ message_content: "x", attachment_ids }),
    send({ message_content: "x", attachment_ids: ["unknown"] }),
    send({ message_content: "", attachment_ids: [] }),
    send({ message_content: "still here" }),
  ]);
  for (const [answer, field] of [
    [sentBefore, "attachment_ids"],
    [unknown, "attachment_ids"],
    [empty, "message_content"],
  ]) {
    assert.equal(answer.error.code, "invalid");
    assert.equal(answer.error.errors[0].field, field);
  }
  assert.equal(good.message.seq, ack.message.seq + 1, "no hole");
});
