// Copies of the database while the server writes.

import { test } from "node:test";

import { backUpUnderLoad } from "../trials/backup.mjs";

test("a copy made under load is a server with all that was acked before", { timeout: 120_000 }, async () => {
  console.log("copying the database under load (about 5 s) ...");
  await backUpUnderLoad({ copies: 2 });
});
