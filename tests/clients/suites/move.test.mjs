// `smilechat db move`, from SQLite to PostgreSQL and back, and `smilechat restore`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";

import { allMessages, call, get, login, newCustomer, newSupport, newTicket, post, put } from "../harness/people.mjs";
import { runSql, startPostgres, stopPostgres } from "../harness/postgres.mjs";
import { binary, endProcess, launch, runCommand, startServer, stopServer } from "../harness/server.mjs";
import { changeSqlite, readSqlite } from "../harness/sqlite.mjs";

const hostile = [
  "'; drop table messages; --",
  "\\x00 \\' $1 $$ E'\\n' %s {} \u2028\u2029",
  "tab\tand\r\nlines\n\n",
  "𝕊𝕞𝕚𝕝𝕖 🏳️‍🌈 e\u0301 é ﬁ İi ß ẞ",
  "\u202eright to left\u202c مرحبا שלום",
  "\ufeff\u200b zero \uffff\u{10ffff}",
  " x ".repeat(3_000),
];

let [folder, postgres, source, customer, ticket, sent] = [];
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "smilechat-move-"));
  postgres = await startPostgres();
  source = await startServer();
  await runCommand(source, ["demo", "--messages", "3000"]);
  // The demo's bot would answer in between.
  await put(source, await login(source, "olivia", "smilechat-demo"), "/api/bot", { enabled: false });
  customer = await newCustomer(source);
  ticket = await newTicket(source, customer, { subject: "Ünïcödé Straße", tags: ["a'b", "ß"], custom: { key: "välue", n: 1.5, deep: [null, true] } });
  for (const [index, content] of hostile.entries()) {
    await post(source, customer, `/api/messages/${ticket.ticket_id}`, { message_content: content, client_id: `'${index}` });
  }
  // A ticket that is gone keeps its number and its key to itself.
  const support = await newSupport(source);
  const gone = await newTicket(source, customer);
  assert.equal((await call(source, "DELETE", `/api/tickets/${gone.ticket_id}`, { token: support.token })).status, 204);
  sent = await allMessages(source, customer, ticket.ticket_id);
  assert.deepEqual(sent.map((message) => message.message_content), hostile);
});
after(async () => {
  await stopServer(source);
  stopPostgres(postgres);
  rmSync(folder, { recursive: true, force: true });
});

const file = (name) => join(folder, name);
const sqlite = (name) => `sqlite://${file(name)}`;
const sourceFile = () => join(source.folder, "smilechat.db");
const newDatabase = (name) => {
  runSql(postgres, `create database ${name}`);
  return postgres.url.replace(/postgres$/, name);
};

function start(...args) {
  const child = spawn(binary, args, { cwd: folder, env: { PATH: process.env.PATH, HOME: folder }, stdio: ["ignore", "pipe", "pipe"] });
  return { child, ended: Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]) };
}

async function run(...args) {
  const [printed, complaint, [code]] = await start(...args).ended;
  return { code, printed, complaint };
}

async function move(from, to) {
  const { code, printed, complaint } = await run("db", "move", "--from", from, "--to", to);
  assert.equal(code, 0, complaint);
  return { printed, complaint };
}

async function isRefused(asked, word) {
  const { code, complaint } = await asked;
  assert.equal(code, 1, complaint);
  assert.match(complaint.trimEnd().split("\n").at(-1), word);
}

/** A server on a database that was moved: who was there signs in, finds, repeats and goes on. */
async function goesOn(databaseUrl) {
  const server = await startServer({ databaseUrl });
  try {
    const again = await login(server, customer.username, customer.password);
    assert.deepEqual(await allMessages(server, again, ticket.ticket_id), sent);
    const path = `/api/messages/${ticket.ticket_id}`;
    const repeat = { message_content: hostile[3], client_id: "'3" };
    const answer = await call(server, "POST", path, { token: again.token, body: repeat });
    assert.deepEqual([answer.status, answer.body], [200, sent[3]], "a repeat still gives the first message");
    const found = await get(server, await newSupport(server), "/api/tickets?q=strasse%20unicode");
    assert.deepEqual(found.data.map((one) => one.ticket_id), strasse);
    const known = await get(server, again, "/api/kb/search?q=postage%20to%20norway");
    assert.equal(known.data[0].slug, "delivery-costs", "articles are found");
    const next = await newTicket(server, again);
    assert.equal(next.number, ticket.number + 2, "the number of a ticket that is gone is not given again");
    assert.equal((await post(server, again, path, { message_content: "and on", client_id: "next" })).seq, hostile.length + 1);
  } finally {
    await stopServer(server);
  }
}
// What the search finds at the source.
let strasse;
// Where the source was moved to.
let there;

test("while a server runs, nothing is moved", async () => {
  const support = await newSupport(source);
  strasse = (await get(source, support, "/api/tickets?q=strasse%20unicode")).data.map((one) => one.ticket_id);
  await isRefused(run("db", "move", "--from", `sqlite://${sourceFile()}`, "--to", newDatabase("early")), /a server uses it/);
  await isRefused(run("restore", file("none.db"), "--database-url", `sqlite://${file("new.db")}`), /none\.db/);
});

test("to PostgreSQL and back: every row is the same, and servers go on with both", { timeout: 120_000 }, async () => {
  assert.deepEqual(await endProcess(source, "SIGTERM"), { code: 0, signal: null });
  const before = readSqlite(sourceFile());
  there = newDatabase("there");
  const began = Date.now();
  const { printed, complaint } = await move(`sqlite://${sourceFile()}`, there);
  console.log(`  ${printed.trimEnd().split("\n").at(-1)}`);
  assert.match(printed, /^messages +\d+ rows {2}[0-9a-f]{32}$/m);
  assert.match(complaint, /^search index: (\d+) of \1 rows$/m);
  const counts = Object.entries(before).filter(([name]) => !["commit_marks", "sqlite_sequence"].includes(name));
  for (const [name, rows] of counts) {
    assert.equal(Number(runSql({ url: there }, `select count(*) from ${name}`)), rows.length, name);
  }
  // As bytes, since psql leaves out what it cannot show.
  const contents = `select encode(convert_to(message_content, 'UTF8'), 'hex') from messages where client_id like '''%' order by seq`;
  const bytes = runSql({ url: there }, contents).trim().split("\n");
  assert.deepEqual(bytes, hostile.map((content) => Buffer.from(content).toString("hex")));

  await move(there, sqlite("back.db"));
  console.log(`  there and back in ${Date.now() - began} ms`);
  assert.deepEqual(readSqlite(file("back.db")), before);
  assert.deepEqual(readSqlite(sourceFile()), before, "the source is as it was");

  await goesOn(there);
  await goesOn(sqlite("back.db"));
  await isRefused(run("db", "move", "--from", sqlite("back.db"), "--to", there), /the target: it is not empty \(tenants has 1 row\): name a new database/);
  await isRefused(run("db", "move", "--from", sqlite("absent.db"), "--to", newDatabase("never")), /absent\.db/);
  assert.ok(!existsSync(file("absent.db")), "the source is not made");
  await isRefused(run("db", "move", "--from", there, "--to", there), /the same database/);
  const byAnotherName = there.replace("postgres://", "postgresql://").replace("127.0.0.1", "localhost");
  await isRefused(run("db", "move", "--from", there, "--to", byAnotherName), /the target: it is the source, by another name/);
  await isRefused(run("db", "move", "--from", newDatabase("nothing"), "--to", sqlite("back.db")), /the source has no tables of SmileChat: are --from and --to the wrong way round/);
  await isRefused(run("db", "move", "--from", "mysql://u:hush@h/x", "--to", there), /the source: the database URL must begin with sqlite:\/\/ or postgres:\/\/$/);
  await isRefused(run("db", "move", "--from", there, "--to", "mysql://u:hush@h/x"), /the target: the database URL must begin with/);
  const taken = newDatabase("taken");
  runSql({ url: taken }, "create table users (x int)");
  await isRefused(run("db", "move", "--from", sqlite("back.db"), "--to", taken), /it has a table users that is not SmileChat's: name a new database$/);
  changeSqlite(sourceFile(), "create table aside as select * from schema_migrations; delete from schema_migrations where name like '0020%'");
  await isRefused(run("db", "move", "--from", there, "--to", `sqlite://${sourceFile()}`), /it is not empty/);
  changeSqlite(sourceFile(), "insert into schema_migrations select * from aside where name like '0020%'; drop table aside");
  assert.deepEqual(readSqlite(sourceFile()), before, "a target with an older schema keeps it");
  await isRefused(run("db", "move", "--from", sqlite("back.db"), "--to", sqlite("copy-of-back.db")), /both are SQLite: `smilechat backup FILE`/);
  assert.ok(!existsSync(file("copy-of-back.db")));
});

test("a server that has PostgreSQL open is seen as well", async () => {
  const url = newDatabase("served");
  const server = await startServer({ databaseUrl: url });
  await isRefused(run("db", "move", "--from", url, "--to", sqlite("served.db")), /a server uses it/);
  await isRefused(run("db", "move", "--from", `sqlite://${sourceFile()}`, "--to", url), /a server uses it/);
  await stopServer(server);
});

for (const engine of ["PostgreSQL", "SQLite"]) {
  test(`a move to ${engine} that is killed leaves nothing that a server would take, and begins anew`, { timeout: 60_000 }, async () => {
    const isFile = engine === "SQLite";
    const [from, to] = isFile ? [there, sqlite("cut.db")] : [`sqlite://${sourceFile()}`, newDatabase("cut")];
    const { child, ended } = start("db", "move", "--from", from, "--to", to);
    const begun = new Promise((done) => child.stderr.on("data", (line) => String(line).includes("users: ") && done()));
    await Promise.race([begun, ended]);
    child.kill("SIGKILL");
    const [printed, told, [, signal]] = await ended;
    assert.equal(signal, "SIGKILL", `${printed}${told}`);
    await isRefused(run("migrate", "--database-url", to), /a move into this database was cut short: run `smilechat db move` again/);
    await isRefused(run("db", "move", "--from", to, "--to", isFile ? newDatabase("from_cut") : sqlite("from-cut.db")), /cut short/);
    await move(from, to);
    // The one in PostgreSQL is read from a file as well.
    await move(isFile ? from : to, sqlite(`whole-${engine}.db`));
    assert.deepEqual(readSqlite(file(`whole-${engine}.db`)), readSqlite(isFile ? file("cut.db") : sourceFile()));
  });
}

test("a copy is restored where nothing stands, and by force beside what stood there", { timeout: 60_000 }, async () => {
  await launch(source);
  const copy = file("copy.db");
  await runCommand(source, ["backup", copy]);
  const kept = readSqlite(copy);
  mkdirSync(file("other"));
  const at = ["--database-url", sqlite("other/chat.db")];
  assert.match((await run("restore", copy, ...at)).printed, /other\/chat\.db: \d+ bytes from .*copy\.db$/m);
  assert.deepEqual(readSqlite(file("other/chat.db")), kept);
  await isRefused(run("restore", copy, ...at), /exists; --force/);

  const server = await startServer({ databaseUrl: sqlite("other/chat.db") });
  const again = await login(server, customer.username, customer.password);
  await post(server, again, `/api/messages/${ticket.ticket_id}`, { message_content: "after the copy" });
  await isRefused(run("restore", copy, "--force", ...at), /a server uses it/);
  await stopServer(server);
  const changed = readSqlite(file("other/chat.db"));
  const forced = await run("restore", copy, "--force", ...at);
  const [, aside] = /^(.*chat\.db\.before-\d+): what stood there before$/m.exec(forced.printed);
  assert.deepEqual(readSqlite(file("other/chat.db")), kept);
  assert.deepEqual(readSqlite(aside), changed);
});

test("a copy goes into PostgreSQL, also after a try that was killed, and a copy of that has every row the same", { timeout: 60_000 }, async () => {
  const [copy, url] = [file("copy.db"), newDatabase("restored")];
  const { child, ended } = start("restore", copy, "--database-url", url);
  const begun = new Promise((done) => child.stderr.on("data", (line) => String(line).includes("users: ") && done()));
  await Promise.race([begun, ended]);
  child.kill("SIGKILL");
  await ended;
  await isRefused(run("migrate", "--database-url", url), /was cut short: run .*`restore` if it was that/);
  const restored = await run("restore", copy, "--database-url", url);
  assert.equal(restored.code, 0, restored.complaint);
  const again = await run("backup", file("again.db"), "--without-files", "--database-url", url);
  assert.equal(again.code, 0, again.complaint);
  assert.deepEqual(readSqlite(file("again.db")), readSqlite(copy));
  const sums = ({ printed }) => printed.match(/^.* rows {2}[0-9a-f]{32}$/gm);
  assert.deepEqual(sums(again), sums(restored));
  await isRefused(run("restore", copy, "--database-url", url), /it is not empty \(tenants has 1 row\).* --force puts/);
  assert.ok(!existsSync(file("data/restoring.db")));
});

test("what is no whole copy of ours is not restored, and nothing is left of the try", async () => {
  const at = ["--database-url", sqlite("third/chat.db")];
  const [copy, cut] = [file("copy.db"), file("cut-copy.db")];
  copyFileSync(copy, cut);
  truncateSync(cut, 200_000);
  await isRefused(run("restore", cut, ...at), /damaged|malformed|no SQLite/);
  writeFileSync(file("words.db"), "words, and not a few of them ".repeat(100));
  await isRefused(run("restore", file("words.db"), ...at), /no SQLite database/);
  writeFileSync(file("empty.db"), "");
  await isRefused(run("restore", file("empty.db"), ...at), /no SQLite database/);
  await isRefused(run("restore", "/dev/zero", ...at), /is no file/);
  await isRefused(run("restore", sourceFile(), ...at), /has a log beside it/);
  // Whoever made these would have the server carry out their statements.
  const foreign = {
    "a foreign trigger": [
      "create trigger greet after insert on messages begin delete from audit; end",
      /it has a trigger greet, which no migration of ours has made/,
    ],
    "a foreign view": ["create view people as select * from users", /it has a view people, which/],
    "a table that is a view": ["alter table event_cursors rename to hidden; create view event_cursors as select * from hidden", /it has a (view|table) \w+, which/],
    "another table": ["create table mine (x)", /it has a table mine, which/],
    "a table less": ["drop table event_cursors", /it lacks the table event_cursors/],
    "a column that computes": ["alter table users add column y generated always as (abs(-1))", /its table users is another than/],
  };
  for (const [statement, words] of Object.values(foreign)) {
    copyFileSync(copy, file("hostile.db"));
    changeSqlite(file("hostile.db"), statement);
    await isRefused(run("restore", file("hostile.db"), ...at), words);
  }
  // SQLite stores any value in any column.
  const strays = {
    "text among the times": ["update tickets set created_at = 'yesterday' where number < 3", /tickets\.created_at holds something else than integer in \d+ of its rows/],
    "a blob among the texts": ["update messages set message_content = x'00ff' where seq = 1 and ticket_key = 1", /messages\.message_content holds something else than text in UTF-8 without NUL in 1 of its rows/],
    "half a message": ["update messages set timestamp = 1.5 where seq = 1 and ticket_key = 1", /messages\.timestamp holds something else than integer/],
    "a word for yes": ["update users set is_guest = 'yes' where username = 'olivia'", /users\.is_guest holds something else than 0 and 1/],
    "neither yes nor no": ["update users set is_guest = 7 where username = 'olivia'", /users\.is_guest holds something else than 0 and 1 in 1 of its rows/],
    "no UTF-8": ["update users set name = cast(x'61ff62' as text) where username = 'olivia'", /users\.name holds something else than text in UTF-8/],
  };
  for (const [statement, words] of Object.values(strays)) {
    copyFileSync(copy, file("loose.db"));
    changeSqlite(file("loose.db"), `pragma foreign_keys = off; ${statement}`);
    await isRefused(run("restore", file("loose.db"), ...at), words);
  }
  assert.deepEqual(readdirSync(file("third")), []);
});
