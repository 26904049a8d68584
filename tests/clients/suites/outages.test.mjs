// What the server stands on fails under load: refusals are 503, nothing acked is lost, and it heals by itself.

import { test } from "node:test";

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
