// What the server stands on fails under load: refusals are 503, nothing acked is lost, and it heals by itself.

import assert from "node:assert/strict";
import { test } from "node:test";

import { newCustomer, newSupport, newTicket } from "../harness/people.mjs";
import { crashPostgres, restartPostgres, startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { withServer } from "../harness/server.mjs";
import { allHeard, ask, connect, forget, heard, tell } from "../harness/sockets.mjs";
import { poll } from "../harness/wait.mjs";
import { troubleDisk } from "../trials/disk.mjs";
import { troublePostgres } from "../trials/postgres.mjs";

test("a disk that is full and a file that is locked", { timeout: 120_000 }, async () => {
  console.log("keeping the server from writing (about 10 s) ...");
  await troubleDisk();
});

test("PostgreSQL crashed, cut off, frozen, and lost between COMMIT and its answer", { timeout: 120_000 }, async () => {
  console.log("troubling PostgreSQL (about 10 s) ...");
  await troublePostgres();
});

test("a join that fails for want of the database puts nobody out of the room", { timeout: 120_000 }, async () => {
  const postgres = await startPostgres();
  try {
    await withServer({ databaseUrl: postgres.url }, async (server) => {
      const [customer, support] = [await newCustomer(server), await newSupport(server)];
      const { ticket_id } = await newTicket(server, customer);
      const [live, behind, newcomer] = [
        await connect(server, customer),
        await connect(server, customer),
        await connect(server, customer),
      ];
      const ours = await connect(server, support);
      // More than a page, so that whoever asks for all of it is behind.
      for (let said = 0; said < 201; said += 1) ours.socket.emit("chat_message", { ticket_id, message_content: "before" });
      await poll("all to be stored", 20_000, async () => {
        const joined = await tell(live, "join_ticket", { ticket_id });
        return joined.last_seq === 201;
      });
      assert.equal((await tell(behind, "join_ticket", { ticket_id, after_seq: 0 })).has_more, true);
      forget(live);

      crashPostgres(postgres);
      for (const [line, after_seq] of [[live, 201], [behind, 200], [newcomer, 201]]) {
        const refused = await ask(line, "join_ticket", { ticket_id, after_seq });
        assert.equal(refused.error?.code, "unavailable");
      }
      restartPostgres(postgres);
      const said = { ticket_id, message_content: "after", client_id: "after" };
      await poll("the database to be back", 20_000, async () => (await ask(ours, "chat_message", said)).message);
      await heard(live, "chat_message", (message) => message.message_content === "after");
      await heard(behind, "resync", (event) => event.ticket_id === ticket_id);
      assert.deepEqual(allHeard(newcomer, "chat_message"), []);
    });
  } finally {
    stopPostgres(postgres);
  }
});
