// `smilechat top` in a real terminal, of 80 columns and 24 rows, beside a server that comes and goes.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { newCustomer, newStaff, newSupport, newTicket, post, put } from "../harness/people.mjs";
import { startPostgres, startStandby, stopPostgres } from "../harness/postgres.mjs";
import { killRedis, startRedis } from "../harness/redis.mjs";
import { binary, endProcess, freePort, launch, runCommand, startServer, stopServer, withServer } from "../harness/server.mjs";
import { connect, tell } from "../harness/sockets.mjs";
import { poll } from "../harness/wait.mjs";
import { startReceiver } from "../harness/webhooks.mjs";

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
  assert.match(lines[1], /^  database up  ping [\d.]+ ms  files up$/);
  assert.match(lines[2], /^  waiting   tickets \d+( for \d+ s)?$/);
  for (const absent of ["bus", "replica", "webhooks", "Since the start"]) assert.ok(!frame.includes(absent), frame);
  assert.match(frame, /POST \/api\/messages\/\{id\} +[\d.,]+\/s/);
  assert.ok(!frame.includes("\u001b"), "no colors where there is no terminal");
});

test("what a server has besides is shown, and what is down or left lying comes first", { timeout: 120_000 }, async () => {
  const [postgres, redis, receiver] = [await startPostgres(), await startRedis(), await startReceiver()];
  const standby = await startStandby(postgres);
  const env = { REDIS_URL: redis.url, DATABASE_REPLICA_URL: standby.url, SMILECHAT_OUTBOUND__OWN_HOSTS: receiver.host };
  try {
    await withServer({ databaseUrl: postgres.url, env }, async (node) => {
      const shows = async (...patterns) => {
        let frame;
        const isThere = async () => {
          frame = await runCommand(node, ["top", "--once", "--every", "1", node.url]);
          return patterns.every((pattern) => pattern.test(frame));
        };
        await poll(patterns.join(), 30_000, isThere).catch((error) => assert.fail(`${error}\n${frame}`));
      };
      const [admin, support, customer] = [await newStaff(node, "admin"), await newSupport(node), await newCustomer(node)];
      await post(node, admin, "/api/webhooks", { url: receiver.url("/hook"), types: ["ticket.created"] });
      const { ticket_id } = await newTicket(node, customer);
      const [theirs, ours] = [await connect(node, customer), await connect(node, support)];
      for (const line of [theirs, ours]) await tell(line, "join_ticket", { ticket_id });
      const { message } = await tell(theirs, "chat_message", { ticket_id, message_content: "Is anybody there?" });
      await tell(ours, "message_read", { message_id: message.message_id });
      await tell(ours, "chat_message", { ticket_id, message_content: "Yes" });
      await put(node, support, `/api/tickets/${ticket_id}`, { status: "closed" });
      await shows(
        /^  database up  ping \S+ ms  files up  bus up  replica up  behind \d+ s\n  waiting   tickets 0\n/m,
        /^  tickets   first reply +\S+ m?s  p90 +\S+ m?s  resolution +\S+ m?s  p90 +\S+ m?s$/m,
        /^  seen      by staff +\S+ ms  p90 +\S+ ms  by customers +-  p90 +-$/m,
        /^  webhooks  delivered 1  retried 0  failed 0  took \S+ ms  p90 \S+ ms$/m,
        /^  replica   answered .*\n  bus       published [\d.]+\/s  received 0\/s/m,
      );
      // Four are sent at once. While the receiver is silent about these, the others wait.
      const held = [];
      receiver.answer = (_, response) => held.push(response);
      for (let count = 0; count < 6; count += 1) await newTicket(node, customer);
      await killRedis(redis);
      await shows(/^  database up .*  bus DOWN .*\n  waiting   tickets 6 for \d+ s  webhooks \d for \d+ s$/m);
      for (const response of held) response.writeHead(204).end();
    });
  } finally {
    if (redis.child.signalCode === null) await killRedis(redis);
    for (const one of [standby, postgres]) stopPostgres(one);
    await receiver.stop();
  }
});

test("who cannot be read is told of in one line", async () => {
  const nobody = await freePort();
  const run = (...args) => spawnSync(binary, ["top", ...args], { cwd: server.folder, encoding: "utf8", input: "" });
  const away = run("--once", `127.0.0.1:${nobody}`);
  assert.equal(away.status, 1);
  assert.equal(away.stderr, `smilechat: http://127.0.0.1:${nobody}: Connection refused\n`);
  const other = run("--once", `${server.url}/docs`);
  assert.equal(other.status, 1);
  assert.equal(other.stderr, `smilechat: ${server.url}/docs: /metrics is answered with 404 Not Found\n`);
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
    await shows("a frame", /─ Load ─[^]*─ Server ─[^]*─ Busiest routes ─[^]*q or Ctrl-C ends/);
    assert.equal(shown().trimEnd().split("\n").length, 24, shown());
    await endProcess(server, "SIGTERM");
    await shows("the outage", /no answer for \d+ s: Connection refused; the last figures:/);
    await launch(server);
    await poll("the outage to end", 20_000, () => !shown().includes("no answer"));
    tmux("resize-window", "-t", name, "-x", "60", "-y", "12");
    await poll("a frame of the new size", 10_000, () => shown().trimEnd().split("\n").length <= 12);
    tmux("send-keys", "-t", name, "q");
    // Behind the shell's first prompt, if that came after what was typed.
    await shows("the shell again", /ready>$/m);
    tmux("send-keys", "-t", name, "stty -a | grep -c -w -e echo", "Enter");
    await shows("echo to be on", /^1$/m);
  } finally {
    tmux("kill-server");
  }
});
