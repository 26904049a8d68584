// Copies of the database while the server writes.

import { test } from "node:test";

import { backUpUnderLoad } from "../trials/backup.mjs";

for (const database of ["sqlite", "postgres"]) {
  test(`a copy of ${database} made under load is restored to all that was acked before, with its files`, { timeout: 240_000 }, async () => {
    console.log(`copying ${database} under load (about 5 s) ...`);
    await backUpUnderLoad({ copies: 2, database });
  });
}
