// Nothing acked is lost: kill -9 on both databases, and the order of the system calls behind an ack.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ackedIsOnDisk } from "../trials/fsync.mjs";
import { killUnderLoad } from "../trials/kill.mjs";

for (const database of ["sqlite", "postgres"]) {
  test(`10 times kill -9 under load, ${database}`, { timeout: 180_000 }, async () => {
    console.log(`killing the server 10 times under load (about 20 s), ${database} ...`);
    const { acked, retries } = await killUnderLoad({ kills: 10, database });
    assert.ok(acked > 200 && retries > 0, `only ${acked} messages, ${retries} retries: no load, no proof`);
  });
}

test("no ack and no event leaves before its row is synced to the disk", { timeout: 180_000 }, async () => {
  console.log("watching the system calls behind 2,000 messages ...");
  await ackedIsOnDisk({ messages: 2_000 });
});
