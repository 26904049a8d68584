// A client that was away misses nothing.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { newCustomer, newSupport, newTicket } from "../harness/people.mjs";
import { startServer, stopServer } from "../harness/server.mjs";
import { connect, heard, tell, transports } from "../harness/sockets.mjs";
import { facts, startWriter } from "../harness/write.mjs";
import { cutAtRandom } from "../trials/cuts.mjs";

let server;
before(async () => (server = await startServer()));
after(() => stopServer(server));

for (const transport of Object.keys(transports)) {
  test(`120 messages missed are replayed page by page, ${transport}`, async () => {
    const [customer, support] = [await newCustomer(server), await newSupport(server)];
    const { ticket_id } = await newTicket(server, customer);
    const ours = await connect(server, support, transport);
    const away = await connect(server, customer, transport);
    await tell(away, "join_ticket", { ticket_id });
    const seen = await tell(ours, "chat_message", { ticket_id, message_content: "before the cut" });
    const { seq: last } = await heard(away, "chat_message");
    assert.equal(last, seen.message.seq);
    away.socket.io.engine.close();

    const writer = startWriter(ours, ticket_id, "support", { window: 20, limit: 120 });
    await writer.done;
    const back = await connect(server, customer, transport);
    const missed = [];
    let ack;
    do {
      ack = await tell(back, "join_ticket", { ticket_id, after_seq: missed.at(-1)?.seq ?? last });
      missed.push(...ack.messages);
      assert.ok(!ack.has_more || ack.messages.length > 0, "a page that promises more is not empty");
    } while (ack.has_more);
    assert.deepEqual(missed.map(facts), writer.acked.map(facts));
    assert.equal(ack.last_seq, writer.acked.at(-1).seq);

    const newest = await tell(back, "join_ticket", { ticket_id });
    assert.deepEqual(newest.messages.map(facts), missed.slice(-50).map(facts), "without after_seq: the last 50");
    assert.equal(newest.has_more, true);
    const nothing = await tell(back, "join_ticket", { ticket_id, after_seq: ack.last_seq });
    assert.deepEqual([nothing.messages, nothing.has_more], [[], false]);
  });
}

test("cuts at random instants lose nothing on any transport", { timeout: 120_000 }, async () => {
  console.log("cutting clients 200 times at random (about 15 s) ...");
  await cutAtRandom({ cuts: 200, longest: 2_000 });
});
