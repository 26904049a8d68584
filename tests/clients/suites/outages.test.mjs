// What the server stands on fails under load: refusals are 503, nothing acked is lost, and it heals by itself.

import assert from "node:assert/strict";
import { test } from "node:test";

import { startLink } from "../harness/link.mjs";
import { get, newCustomer, newSupport, newTicket, post } from "../harness/people.mjs";
import { startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { withServer } from "../harness/server.mjs";
import { connect, heard, tell } from "../harness/sockets.mjs";
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

test("what was committed is told, although the answer to COMMIT was lost", { timeout: 120_000 }, async () => {
  const postgres = await startPostgres();
  const link = await startLink(postgres.port);
  try {
    await withServer({ databaseUrl: postgres.url.replace(postgres.port, link.port) }, async (server) => {
      const [customer, support] = [await newCustomer(server), await newSupport(server)];
      const { ticket_id } = await newTicket(server, customer);
      const [there, here] = [await connect(server, customer), await connect(server, support)];
      await tell(there, "join_ticket", { ticket_id });
      // No second message follows that would show the hole.
      const sent = [];
      for (let number = 1; number <= 5; number += 1) {
        link.cutAnswers = 1;
        const message_content = `number ${number}`;
        const message = await post(server, support, `/api/messages/${ticket_id}`, { message_content });
        sent.push(message.message_id);
        await heard(there, "chat_message", (shown) => shown.message_content === message_content);
        await poll("the cut", 5_000, () => link.cutAnswers === 0);
      }
      const { data } = await get(server, customer, `/api/messages/${ticket_id}`);
      assert.deepEqual(data.map((message) => message.message_id), sent);
      link.cutAnswers = 1;
      await post(server, support, "/api/auth/logout", {});
      await heard(here, "disconnect", () => true, 2_000);
    });
  } finally {
    link.close();
    stopPostgres(postgres);
  }
});
