// SIGTERM under load: the process ends by itself, the clients come back to the next one, nothing is lost.

import { test } from "node:test";

import { drainUnderLoad } from "../trials/drain.mjs";

test("three restarts under load lose nothing", { timeout: 120_000 }, async () => {
  console.log("restarting the server three times under load ...");
  await drainUnderLoad({ restarts: 3 });
});
