// A client that was away misses nothing.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { allMessages, newCustomer, newSupport, newTicket } from "../harness/people.mjs";
import { between, chooseSeed, seeded } from "../harness/random.mjs";
import { startServer, stopServer } from "../harness/server.mjs";
import { connect, heard, tell, transports } from "../harness/sockets.mjs";
import { catchUp, watch } from "../harness/view.mjs";
import { pause } from "../harness/wait.mjs";
import { clean, facts, judge, startWriter, stop } from "../harness/write.mjs";

const soakSeconds = 20;

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

test(`cuts at random instants for ${soakSeconds} s lose nothing on any transport`, { timeout: 120_000 }, async () => {
  console.log(`cutting clients at random for ${soakSeconds} s ...`);
  const random = seeded(chooseSeed());
  const [customer, support] = [await newCustomer(server), await newSupport(server)];
  const { ticket_id } = await newTicket(server, customer);
  const again = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 200 };
  const lines = await Promise.all(
    Object.keys(transports).flatMap((transport) =>
      [customer, support].map((person) => connect(server, person, transport, again)),
    ),
  );
  const views = lines.map((line) => watch(line, ticket_id));
  const writers = lines.map((line, index) => startWriter(line, ticket_id, `writer ${index}`, { window: 3, gap: 10 }));

  const end = Date.now() + soakSeconds * 1000;
  let cuts = 0;
  while (Date.now() < end) {
    await pause(between(random, 5, 120));
    const line = lines[Math.floor(random() * lines.length)];
    if (!line.socket.connected) continue;
    line.socket.io.engine.close();
    cuts += 1;
  }
  await Promise.all(writers.map(stop));
  const rows = await allMessages(server, customer, ticket_id);
  await catchUp(views, rows.length);
  console.log(`${cuts} cuts, ${rows.length} messages, ${views.reduce((sum, view) => sum + view.replays, 0)} replays`);
  assert.deepEqual(judge(rows, writers, views), clean);
  assert.ok(cuts > 50 && rows.length > 100, "there was something to lose");
});
