// A first start cut short by kill -9 at random instants, on both databases: the next start completes it, and the schema is
// the one that an undisturbed start makes.
//
//   node tests/clients/trials/migrations.mjs --kills 200

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { asCommand } from "../harness/command.mjs";
import { dumpSchema, runSql, startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { between, chooseSeed, seeded } from "../harness/random.mjs";
import { binary, secret } from "../harness/server.mjs";
import { pause } from "../harness/wait.mjs";

export async function cutMigrationsShort({ kills = 20, seed } = {}) {
  const random = seeded(chooseSeed(seed));
  const postgres = await startPostgres();
  const folder = mkdtempSync(join(tmpdir(), "smilechat-migrations-"));
  let count = 0;
  const places = {
    sqlite: () => {
      const file = join(folder, `${(count += 1)}.db`);
      return { url: `sqlite://${file}`, schema: () => sqliteSchema(file) };
    },
    postgres: () => {
      const name = `place_${(count += 1)}`;
      runSql(postgres, `create database ${name}`);
      const url = postgres.url.replace(/postgres$/, name);
      return { url, schema: () => dumpSchema(url) };
    },
  };
  try {
    for (const [database, newPlace] of Object.entries(places)) {
      const undisturbed = newPlace();
      const began = Date.now();
      await migrate(folder, undisturbed.url);
      const time = Date.now() - began;
      const wanted = undisturbed.schema();
      let short = 0;
      for (let kill = 0; kill < kills; kill += 1) {
        const place = newPlace();
        const ended = await migrate(folder, place.url, between(random, 0, time * 1.2));
        if (ended === "SIGKILL") short += 1;
        assert.equal(await migrate(folder, place.url), 0, "the next start completes it");
        assert.equal(place.schema(), wanted);
      }
      console.log(`  ${database}: ${short} of ${kills} starts cut short within ${time} ms, all completed by the next`);
      assert.ok(short > kills / 4, "most of them were cut short");
    }
  } finally {
    stopPostgres(postgres);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The exit code, or the signal that ended it. */
async function migrate(folder, url, killedAfter) {
  const env = { PATH: process.env.PATH, DATABASE_URL: url, JWT_SECRET: secret };
  const child = spawn(binary, ["migrate"], { cwd: folder, env, stdio: ["ignore", "ignore", "inherit"] });
  if (killedAfter !== undefined) pause(killedAfter).then(() => child.kill("SIGKILL"));
  const [code, signal] = await once(child, "exit");
  return signal ?? code;
}

function sqliteSchema(file) {
  const list = "select type, name, sql from sqlite_schema order by name";
  const script = `import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute(${JSON.stringify(list)}), sep="\\n")`;
  return execFileSync("python3", ["-c", script, file], { encoding: "utf8" });
}

await asCommand(import.meta.url, { kills: 20 }, cutMigrationsShort);
