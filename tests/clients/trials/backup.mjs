// `smilechat backup` beside a server under load: each copy, restored where nothing stands, is a server that has every message
// acked before the copy began, and every file that its messages carry.
//
//   node tests/clients/trials/backup.mjs --copies 10 --database postgres

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { asCommand } from "../harness/command.mjs";
import { allMessages, login, post, upload } from "../harness/people.mjs";
import { runSql, startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { runCommand, withServer } from "../harness/server.mjs";
import { ackedBy, endTalks, startTalks, untilAcked } from "../harness/talks.mjs";
import { pause, poll } from "../harness/wait.mjs";
import { facts } from "../harness/write.mjs";

export async function backUpUnderLoad({ copies = 2, database = "sqlite" } = {}) {
  assert.ok(["sqlite", "postgres"].includes(database), `--database ${database}: sqlite or postgres`);
  const folder = mkdtempSync(join(tmpdir(), "smilechat-copies-"));
  const postgres = database === "postgres" ? await startPostgres() : undefined;
  try {
    await withServer({ databaseUrl: postgres?.url }, async (server) => {
      // They go on while a copy is looked through. At full speed that would take the longer, the more there is, and never end.
      const talks = await startTalks(server, { window: 1, gap: 60 });
      const sender = startSendingFiles(server, talks[0]);
      const times = [];
      for (let number = 1; number <= copies; number += 1) {
        await untilAcked(talks);
        await poll("a file to be sent", 20_000, () => sender.acked.length >= number);
        const acked = [...ackedBy(talks), ...sender.acked];
        const copy = join(folder, `${number}.db`);
        const began = Date.now();
        await runCommand(server, ["backup", copy]);
        times.push(Date.now() - began);
        const place = join(folder, String(number));
        mkdirSync(place);
        if (postgres) runSql(postgres, `create database copy_${number}`);
        const url = postgres ? postgres.url.replace(/postgres$/, `copy_${number}`) : `sqlite://${place}/chat.db`;
        const most = await checkCopy({ copy, place, url, server, talks, acked });
        console.log(`  copy ${number}: ${most.messages} messages, all ${acked.length} that were acked before it, ${most.files} files`);
      }
      console.log(`${database}: ${copies} copies under load, the slowest took ${Math.max(...times)} ms`);
      sender.isOver = true;
      await sender.done;
      await endTalks(server, talks);
      const wanted = Array.from({ length: copies }, (_, place) => [`${place + 1}`, `${place + 1}.db`, `${place + 1}.db.files`]);
      assert.deepEqual(readdirSync(folder).sort(), wanted.flat().sort(), "nothing else is left behind");
    });
  } finally {
    if (postgres) stopPostgres(postgres);
    rmSync(folder, { recursive: true, force: true });
  }
}

const textOf = (name) => `This is ${name}. `.repeat(500);

/** Sends a message with a file, and another, until `isOver`. */
function startSendingFiles(server, { people, ticket_id }) {
  const sender = { acked: [], isOver: false };
  sender.done = (async () => {
    for (let number = 1; !sender.isOver; number += 1) {
      const name = `file-${number}.txt`;
      const [file] = await upload(server, people[0], ticket_id, [name, textOf(name)]);
      const message = { message_content: name, attachment_ids: [file.attachment_id] };
      sender.acked.push(await post(server, people[0], `/api/messages/${ticket_id}`, message));
      await pause(200);
    }
  })();
  // It is told where it is waited for.
  sender.done.catch(() => undefined);
  return sender;
}

/** A server on what was restored; what it has. */
async function checkCopy({ copy, place, url, server, talks, acked }) {
  const env = { SMILECHAT_DATA_DIR: join(place, "data") };
  await runCommand({ ...server, environment: { ...server.environment, ...env, DATABASE_URL: url } }, ["restore", copy]);
  return withServer({ databaseUrl: url, env }, async (restored) => {
    const found = [];
    let files = 0;
    for (const { people, ticket_id } of talks) {
      const reader = await login(restored, people[0].username, people[0].password);
      const rows = await allMessages(restored, reader, ticket_id);
      assert.deepEqual(rows.map((row) => row.seq), rows.map((_, place) => place + 1), "no hole in the copy");
      found.push(...rows.map(facts));
      for (const { name, url } of rows.flatMap((row) => row.attachments ?? [])) {
        const answer = await fetch(restored.url + url, { headers: { authorization: `Bearer ${reader.token}` } });
        assert.equal(await answer.text(), textOf(name), "no message lacks its file");
        files += 1;
      }
    }
    const stored = new Set(found);
    assert.deepEqual(acked.map(facts).filter((fact) => !stored.has(fact)), []);
    assert.ok(files > 0);
    return { messages: found.length, files };
  });
}

await asCommand(import.meta.url, { copies: 2, database: "sqlite" }, backUpUnderLoad);
