// `smilechat top` in a real terminal, of 80 columns and 24 rows, beside a server that comes and goes.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { newCustomer, newTicket, post } from "../harness/people.mjs";
import { binary, endProcess, freePort, launch, runCommand, startServer, stopServer } from "../harness/server.mjs";
import { poll } from "../harness/wait.mjs";

let server;
before(async () => (server = await startServer()));
after(() => stopServer(server));

test("one frame for a script", async () => {
  const customer = await newCustomer(server);
  const { ticket_id } = await newTicket(server, customer);
  let isOver = false;
  const load = (async () => {
    while (!isOver) await post(server, customer, `/api/messages/${ticket_id}`, { message_content: "x" });
  })();
  const frame = await runCommand(server, ["top", "--once", "--every", "1", `127.0.0.1:${server.port}`]);
  isOver = true;
  await load;
  const lines = frame.trimEnd().split("\n");
  assert.ok(lines.every((line) => [...line].length <= 80), frame);
  assert.match(lines[0], new RegExp(`^SmileChat \\S+ +http://127.0.0.1:${server.port} +up \\d+ s$`));
  assert.match(frame, /requests +[\d.,]+\/s/);
  assert.match(frame, /database up/);
  assert.match(frame, /POST \/api\/messages\/\{id\} +[\d.,]+\/s/);
  assert.ok(!frame.includes("\u001b"), "no colors where there is no terminal");
});

test("who cannot be read is told of in one line", async () => {
  const nobody = await freePort();
  const run = (...args) => spawnSync(binary, ["top", ...args], { cwd: server.folder, encoding: "utf8", input: "" });
  const away = run("--once", `127.0.0.1:${nobody}`);
  assert.equal(away.status, 1);
  assert.match(away.stderr, /^smilechat: .*refused.*\n$/i);
  const other = run("--once", `${server.url}/docs`);
  assert.equal(other.status, 1);
  assert.match(other.stderr, /^smilechat: .*\n$/);
  const piped = run(server.url);
  assert.deepEqual([piped.status, piped.stderr], [1, "smilechat: this is no terminal; use --once for one frame\n"]);
});

test("a terminal shows it, through an outage, and is left as it was", async () => {
  const name = `smilechat-${randomBytes(4).toString("hex")}`;
  const tmux = (...args) => execFileSync("tmux", ["-L", name, ...args], { encoding: "utf8" });
  const shown = () => tmux("capture-pane", "-p", "-t", name);
  tmux("-f", "/dev/null", "new-session", "-d", "-s", name, "-x", "80", "-y", "24", "sh");
  try {
    const shows = (what, pattern) => poll(what, 20_000, () => pattern.test(shown()));
    tmux("send-keys", "-t", name, `PS1='ready> '; ${binary} top --every 1 ${server.url}`, "Enter");
    await shows("a frame", /─ Load ─[^]*─ Database ─[^]*q or Ctrl-C ends/);
    assert.equal(shown().trimEnd().split("\n").length, 24, shown());
    await endProcess(server, "SIGTERM");
    await shows("the outage", /no answer for \d+ s: Connection refused; the last figures:/);
    await launch(server);
    await poll("the outage to end", 20_000, () => !shown().includes("no answer"));
    tmux("resize-window", "-t", name, "-x", "60", "-y", "12");
    await poll("a frame of the new size", 10_000, () => shown().trimEnd().split("\n").length <= 12);
    tmux("send-keys", "-t", name, "q");
    await shows("the shell again", /^ready>/m);
    tmux("send-keys", "-t", name, "stty -a | grep -c -w -e echo", "Enter");
    await shows("echo to be on", /^1$/m);
  } finally {
    tmux("kill-server");
  }
});
