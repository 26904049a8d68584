// Files in a bucket: by right of their ticket, gone with it, and an outage of the bucket is no more than that.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { environment, guardBucket, listBucket, startBucket, stopBucket } from "../harness/bucket.mjs";
import { startLink } from "../harness/link.mjs";
import { call, get, newCustomer, newSupport, newTicket, post } from "../harness/people.mjs";
import { binary, endProcess, launch, runCommand, secret, withServer } from "../harness/server.mjs";
import { poll } from "../harness/wait.mjs";

const text = Buffer.from("what they wrote ".repeat(1000));
const minutes = { timeout: 120_000 };

let bucket;
before(async () => (bucket = await startBucket()));
after(() => stopBucket(bucket));

async function upload(server, person, ticketId, bytes = text, name = "bill.txt") {
  const form = new FormData();
  form.append("file", new Blob([bytes]), name);
  const headers = { authorization: `Bearer ${person.token}` };
  const answer = await fetch(`${server.url}/api/attachments?ticket_id=${ticketId}`, { method: "POST", headers, body: form });
  const body = await answer.json();
  return { status: answer.status, headers: answer.headers, body, file: body.data?.[0] };
}

async function download(server, person, id, query = "") {
  const headers = { authorization: `Bearer ${person.token}` };
  const answer = await fetch(`${server.url}/api/attachments/${id}${query}`, { headers });
  return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) };
}

async function send(server, person, ticketId, ids) {
  await post(server, person, `/api/messages/${ticketId}`, { message_content: "", attachment_ids: ids });
}

function assertAway(answer) {
  assert.deepEqual([answer.status, answer.body.code], [503, "unavailable"], JSON.stringify(answer.body));
  assert.ok(Number(answer.headers.get("retry-after")) > 0);
}

async function filesStatus(server) {
  const { dependencies } = await (await fetch(`${server.url}/readyz`)).json();
  return dependencies.find(({ name }) => name === "files").status;
}

/** A day passes, for the files: the server looks for them when it starts. */
async function passDay(server) {
  const { code } = await endProcess(server, "SIGTERM");
  assert.equal(code, 0);
  const script = `import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("update attachments set created_at = 0 where message_seq is null")
db.execute("update file_removals set due_at = 0")`;
  const { status, stderr } = spawnSync("python3", ["-c", script, join(server.folder, "smilechat.db")], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  await launch(server);
}

test("files lie in a bucket, for those who may see their ticket, until it is deleted", minutes, async () => {
  await withServer({ env: bucket.env }, async (server) => {
    const [ann, eve, sue] = [await newCustomer(server), await newCustomer(server), await newSupport(server)];
    const { ticket_id } = await newTicket(server, ann);
    const bill = (await upload(server, ann, ticket_id)).file;
    // Long enough to go in parts.
    const long = Buffer.alloc(12_000_000, "0123456789abcdef");
    const film = (await upload(server, ann, ticket_id, long, "film.bin")).file;
    await send(server, ann, ticket_id, [bill.attachment_id, film.attachment_id]);
    const names = [bill, film].map((file) => `files/${file.attachment_id}`);
    assert.deepEqual((await listBucket(bucket)).sort(), names.sort());
    for (const who of [ann, sue]) {
      for (const [file, bytes] of [[bill, text], [film, long]]) {
        const got = await download(server, who, file.attachment_id);
        assert.equal(got.status, 200);
        assert.ok(got.bytes.equals(bytes), `${file.name} is as it was sent`);
      }
    }
    assert.equal((await download(server, eve, bill.attachment_id)).status, 404);
    const copied = await runCommand(server, ["backup", join(server.folder, "copy.db")]);
    assert.match(copied, /^uploaded files stay in s3:\/\/chat\/files: a bucket is copied by its service's own means$/m);

    assert.equal((await call(server, "DELETE", `/api/tickets/${ticket_id}`, { token: sue.token })).status, 204);
    assert.equal((await download(server, ann, bill.attachment_id)).status, 404);
    await poll("the files to go", 20_000, async () => (await listBucket(bucket)).length === 0);
  });
});

test("pictures are drawn anew, and what nobody sends goes with its small version after a day", minutes, async () => {
  await withServer({ env: bucket.env }, async (server) => {
    const ann = await newCustomer(server);
    const { ticket_id } = await newTicket(server, ann);
    const hidden = "<script>alert(1)</script>";
    const original = Buffer.concat([readFileSync(new URL("../../../docs/pictures/demo.png", import.meta.url)), Buffer.from(hidden)]);
    const { attachment_id: id, is_image } = (await upload(server, ann, ticket_id, original, "shop.png")).file;
    assert.ok(is_image);
    assert.deepEqual((await listBucket(bucket)).sort(), [`files/${id}`, `files/${id}.thumb`]);
    const [whole, small] = [await download(server, ann, id), await download(server, ann, id, "?size=thumb")];
    assert.deepEqual([whole.status, small.status], [200, 200]);
    assert.ok(!whole.bytes.includes(hidden) && small.bytes.length < whole.bytes.length);

    await passDay(server);
    await poll("the picture to go", 20_000, async () => (await listBucket(bucket)).length === 0);
    assert.equal((await download(server, ann, id)).status, 404);
  });
});

test("a bucket that is away, or goes away half-way: 503, nothing is kept of it, messages go on, and it heals", minutes, async () => {
  const link = await startLink(bucket.port);
  try {
    const env = { ...bucket.env, SMILECHAT_FILES__S3_ENDPOINT: `http://127.0.0.1:${link.port}` };
    await withServer({ env }, async (server) => {
      const [ann, sue] = [await newCustomer(server), await newSupport(server)];
      const [{ ticket_id }, { ticket_id: doomed }] = [await newTicket(server, ann), await newTicket(server, ann)];
      const kept = (await upload(server, ann, ticket_id)).file.attachment_id;
      const lost = (await upload(server, ann, doomed)).file.attachment_id;
      await send(server, ann, ticket_id, [kept]);
      await send(server, ann, doomed, [lost]);
      const before = (await listBucket(bucket)).sort();

      link.allowance = 2_000_000;
      assertAway(await upload(server, ann, ticket_id, Buffer.alloc(5_000_000, "x")));
      assertAway(await upload(server, ann, ticket_id, Buffer.alloc(12_000_000, "x")));
      assertAway(await upload(server, ann, ticket_id));
      assert.equal((await download(server, ann, kept)).status, 503);
      await poll("the bucket to be told away", 4_000, async () => (await filesStatus(server)) === "down");
      await post(server, ann, `/api/messages/${ticket_id}`, { message_content: "Messages need no bucket." });
      assert.equal((await call(server, "DELETE", `/api/tickets/${doomed}`, { token: sue.token })).status, 204);
      assert.deepEqual((await listBucket(bucket)).sort(), before, "nothing half-stored");

      link.allowance = Infinity;
      const healed = await poll("uploads to go on", 20_000, async () => (await upload(server, ann, ticket_id)).file);
      assert.ok((await download(server, ann, kept)).bytes.equals(text));
      await poll("the bucket to be told back", 4_000, async () => (await filesStatus(server)) === "ok");
      await send(server, ann, ticket_id, [healed.attachment_id]);
      const { data } = await get(server, ann, `/api/messages/${ticket_id}`);
      const carried = data.flatMap(({ attachments }) => attachments ?? []).map((file) => file.attachment_id);
      assert.deepEqual(carried.sort(), [kept, healed.attachment_id].sort());

      // What the outage left to be removed.
      await passDay(server);
      const wanted = carried.map((id) => `files/${id}`).sort();
      await poll("the rest to go", 20_000, async () => (await listBucket(bucket)).length === wanted.length);
      assert.deepEqual((await listBucket(bucket)).sort(), wanted);
    });
  } finally {
    link.close();
  }
});

test("a server starts without its bucket, and takes files once it is there", minutes, async () => {
  const link = await startLink(bucket.port);
  link.allowance = 0;
  try {
    const env = { ...bucket.env, SMILECHAT_FILES__S3_ENDPOINT: `http://127.0.0.1:${link.port}` };
    await withServer({ env }, async (server) => {
      const ann = await newCustomer(server);
      const { ticket_id } = await newTicket(server, ann, { message_content: "Is anybody there?" });
      assertAway(await upload(server, ann, ticket_id));
      link.allowance = Infinity;
      await poll("uploads to go on", 20_000, async () => (await upload(server, ann, ticket_id)).status === 201);
    });
  } finally {
    link.close();
  }
});

test("a wrong key, a wrong secret and a bucket that is not there are told in one line, and nothing starts", minutes, async () => {
  const guarded = await startBucket();
  const folder = mkdtempSync(join(tmpdir(), "smilechat-bucket-"));
  try {
    const missing = environment(guarded.url, "key", "secret", "absent");
    assert.match(startRefused(folder, missing), /NoSuchBucket/);
    const right = await guardBucket(guarded);
    assert.match(startRefused(folder, environment(guarded.url, "AKIAUNKNOWN", right.secret)), /InvalidAccessKeyId/);
    assert.match(startRefused(folder, environment(guarded.url, right.key, "wrong")), /SignatureDoesNotMatch/);
    // The same that refuses these takes the right ones: what the server signs, it signs rightly.
    const own = environment(guarded.url, right.key, right.secret);
    const found = environment(guarded.url, "", "");
    const variables = { AWS_ACCESS_KEY_ID: right.key, AWS_SECRET_ACCESS_KEY: right.secret };
    for (const env of [own, { ...found, ...variables }]) {
      await withServer({ env }, async (server) => {
        const ann = await newCustomer(server);
        const { ticket_id } = await newTicket(server, ann);
        const long = Buffer.alloc(12_000_000, "0123456789abcdef");
        const { file } = await upload(server, ann, ticket_id, long);
        assert.ok((await download(server, ann, file.attachment_id)).bytes.equals(long));
      });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await stopBucket(guarded);
  }
});

/** What a server says that does not start: one line. */
function startRefused(folder, settings) {
  const env = { PORT: "0", HOST: "127.0.0.1", JWT_SECRET: secret, SMILECHAT_LOG__LEVEL: "warn", ...settings };
  const { status, stderr } = spawnSync(binary, ["serve"], { cwd: folder, env, encoding: "utf8", timeout: 60_000 });
  assert.equal(status, 1, stderr);
  assert.match(stderr, /^smilechat: files: the bucket refuses this server: .*\n$/);
  return stderr;
}
