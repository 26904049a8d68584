// A private PostgreSQL on a free port of the loopback, for as long as a suite runs.

import { execFile, execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { freePort } from "./server.mjs";
import { poll } from "./wait.mjs";

/** Owned by a role that is nobody special: a superuser passes through the wall between tenants. */
export async function startPostgres() {
  const initdb = ["-U", "app", "--auth=trust", "--no-sync", "--encoding=UTF8"];
  const postgres = await start((data) => run("initdb", ["-D", data, ...initdb]));
  runSql(asSuperuser(postgres), "create role smilechat login createdb");
  runSql(asSuperuser(postgres), "alter database postgres owner to smilechat");
  return postgres;
}

export const asSuperuser = (postgres) => ({ ...postgres, url: postgres.url.replace("smilechat@", "app@") });

/** A standby that follows another one, on that port if one is given. */
export function startStandby(postgres, port) {
  const from = ["-h", "127.0.0.1", "-p", String(postgres.port), "-U", "app"];
  return start((data) => run("pg_basebackup", [...from, "-D", data, "-R", "-c", "fast", "--no-sync"]), port);
}

/** From now on no commit is acknowledged before a standby has it on disk as well. */
export async function waitForStandby(postgres) {
  runSql(asSuperuser(postgres), "alter system set synchronous_standby_names = '*'");
  runSql(asSuperuser(postgres), "select pg_reload_conf()");
  const isWaitedFor = "select count(*) from pg_stat_replication where sync_state = 'sync'";
  await poll("a standby that commits wait for", 10_000, () => runSql(asSuperuser(postgres), isWaitedFor).trim() === "1");
}

/** Makes a primary of a standby. */
export function promote(standby) {
  run("pg_ctl", ["-w", "-D", standby.data, "promote"]);
}

async function start(fill, port) {
  const folder = mkdtempSync(join(tmpdir(), "smilechat-postgres-"));
  port ??= await freePort();
  const data = join(folder, "data");
  if (process.getuid() === 0) execFileSync("chown", ["postgres", folder]);
  fill(data);
  const settings = `-c listen_addresses=127.0.0.1 -c port=${port} -c unix_socket_directories=${folder}`;
  run("pg_ctl", ["-w", "-D", data, "-l", join(folder, "log"), "-o", settings, "start"]);
  return { folder, data, port, settings, url: `postgres://smilechat@127.0.0.1:${port}/postgres` };
}

export function stopPostgres(postgres) {
  run("pg_ctl", ["-w", "-D", postgres.data, "-m", "fast", "stop"]);
  rmSync(postgres.folder, { recursive: true, force: true });
}

/** Ends it as a crash would. */
export function crashPostgres(postgres) {
  run("pg_ctl", ["-w", "-D", postgres.data, "-m", "immediate", "stop"]);
}

export function restartPostgres(postgres) {
  run("pg_ctl", ["-w", "-D", postgres.data, "-l", join(postgres.folder, "log"), "-o", postgres.settings, "start"]);
}

/** Stops (`STOP`) or wakes (`CONT`) every process of it. */
export function signalPostgres(postgres, signal) {
  const [postmaster] = readFileSync(join(postgres.data, "postmaster.pid"), "utf8").split("\n");
  const children = spawnSync("pgrep", ["-P", postmaster], { encoding: "utf8" }).stdout.split("\n").filter(Boolean);
  execFileSync("kill", ["-s", signal, postmaster, ...children]);
}

/** What a statement prints, run as the owner. */
export function runSql(postgres, statement) {
  return execFileSync(join(programs(), "psql"), ask(postgres, statement), { encoding: "utf8" });
}

/** The same, while this process goes on. */
export async function runSqlBeside(postgres, statement) {
  const { stdout } = await promisify(execFile)(join(programs(), "psql"), ask(postgres, statement));
  return stdout;
}

const ask = (postgres, statement) => ["-X", "-q", "-A", "-t", "-d", postgres.url, "-c", statement];

/** The tables, keys and indexes of a database, as text. Each dump names a key of its own, which is left out. */
export function dumpSchema(url) {
  const dump = execFileSync(join(programs(), "pg_dump"), ["--schema-only", "-d", url], { encoding: "utf8" });
  return dump.replace(/^\\(un)?restrict .*$/gm, "");
}

/** PostgreSQL refuses to run as root; then it runs as the user that its package made. */
function run(program, args) {
  const command = [join(programs(), program), ...args];
  const asPostgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"];
  const [first, ...rest] = process.getuid() === 0 ? [...asPostgres, ...command] : command;
  execFileSync(first, rest, { cwd: tmpdir(), stdio: ["ignore", "ignore", "inherit"] });
}

function programs() {
  const versions = "/usr/lib/postgresql";
  const newest = existsSync(versions) ? readdirSync(versions).sort((a, b) => b - a)[0] : undefined;
  if (!newest) throw new Error(`no PostgreSQL under ${versions}; scripts/setup-tests installs it`);
  return join(versions, newest, "bin");
}
