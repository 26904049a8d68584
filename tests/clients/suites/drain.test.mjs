// SIGTERM under load: the process ends by itself, the clients come back to the next one, nothing is lost.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { allMessages, newCustomer, newSupport, newTicket } from "../harness/people.mjs";
import { endProcess, launch, startServer, stopServer } from "../harness/server.mjs";
import { connect, transports } from "../harness/sockets.mjs";
import { catchUp, watch } from "../harness/view.mjs";
import { poll } from "../harness/wait.mjs";
import { clean, judge, startWriter, stop } from "../harness/write.mjs";

let server;
before(async () => (server = await startServer()));
after(() => stopServer(server));

test("three restarts under load lose nothing", { timeout: 120_000 }, async () => {
  console.log("restarting the server three times under load ...");
  const [customer, support] = [await newCustomer(server), await newSupport(server)];
  const { ticket_id } = await newTicket(server, customer);
  const again = { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 300 };
  const lines = await Promise.all(
    Object.keys(transports).flatMap((transport) =>
      [customer, support].map((person) => connect(server, person, transport, again)),
    ),
  );
  const views = lines.map((line) => watch(line, ticket_id));
  const writers = lines.map((line, index) => startWriter(line, ticket_id, `writer ${index}`, { gap: 5 }));

  for (let restart = 0; restart < 3; restart += 1) {
    const before = writers.map((writer) => writer.acked.length);
    await poll("everybody to have written", 30_000, () =>
      writers.every((writer, index) => writer.acked.length >= before[index] + 20),
    );
    const asked = Date.now();
    const exit = await endProcess(server, "SIGTERM");
    const took = Date.now() - asked;
    assert.deepEqual(exit, { code: 0, signal: null });
    assert.ok(took < 10_000, `the end took ${took} ms`);
    console.log(`ended after ${took} ms`);
    await launch(server);
  }
  await poll("everybody to be back", 30_000, () => lines.every((line) => line.socket.connected));
  await Promise.all(writers.map(stop));
  const rows = await allMessages(server, customer, ticket_id);
  await catchUp(views, rows.length);
  assert.deepEqual(judge(rows, writers, views), clean);
});
