// Strangers who hold connections, readers who stop reading, many who sign in: what they took is given back. Times of
// others are judged in the long runs alone: here the machine may have other work.

import { test } from "node:test";

import { loginsGiveBack } from "../trials/login-memory.mjs";
import { holdConnections } from "../trials/slow-connections.mjs";
import { stopReading } from "../trials/slow-reader.mjs";

test("connections that are held or dripped into are closed", { timeout: 120_000 }, async () => {
  console.log("holding 400 connections (about 20 s) ...");
  await holdConnections({ count: 400, patience: 5, judged: 0, waves: 1 });
});

test("readers who stop are cut, and replay", { timeout: 180_000 }, async () => {
  console.log("sending to readers who stop reading (about 20 s) ...");
  await stopReading({ messages: 12_000, readers: 4, judged: 0 });
});

test("the memory of many sign-ins comes back", { timeout: 120_000 }, async () => {
  await loginsGiveBack({ logins: 200 });
});
