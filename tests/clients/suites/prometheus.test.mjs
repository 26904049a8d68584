// What is in deploy/ for Prometheus and Grafana, held against a real Prometheus that scrapes a real server.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { listed } from "../harness/metrics.mjs";
import { call, newCustomer, newStaff, newSupport, newTicket, post, put } from "../harness/people.mjs";
import { startPostgres, startStandby, stopPostgres } from "../harness/postgres.mjs";
import { ask, promtool, startPrometheus, stopPrometheus } from "../harness/prometheus.mjs";
import { startServer, stopServer } from "../harness/server.mjs";
import { connect, tell } from "../harness/sockets.mjs";
import { pause, poll } from "../harness/wait.mjs";
import { startReceiver } from "../harness/webhooks.mjs";

const deploy = fileURLToPath(new URL("../../../deploy", import.meta.url));
const rules = `${deploy}/prometheus/alerts.yml`;
const dashboard = JSON.parse(readFileSync(`${deploy}/grafana/smilechat.json`, "utf8"));
const queries = dashboard.panels.flatMap((panel) =>
  (panel.targets ?? []).map((target) => ({ title: panel.title, expr: target.expr, legend: target.legendFormat })),
);

let server;
/** One of many, with a bus and a standby: its figures are those that a server alone has not. */
let node;
let postgres;
let standby;
let prometheus;
let receiver;
let isOver = false;
let load;
before(async () => {
  receiver = await startReceiver();
  server = await startServer({ env: { SMILECHAT_OUTBOUND__OWN_HOSTS: receiver.host } });
  postgres = await startPostgres();
  standby = await startStandby(postgres);
  node = await startServer({ databaseUrl: postgres.url, env: { DATABASE_REPLICA_URL: standby.url } });
  prometheus = await startPrometheus([server, node], rules);
  load = keepBusy();
});
after(async () => {
  isOver = true;
  await load;
  if (prometheus) await stopPrometheus(prometheus);
  for (const one of [node, server].filter(Boolean)) await stopServer(one);
  for (const one of [standby, postgres].filter(Boolean)) stopPostgres(one);
  await receiver?.stop();
});

/** A little of everything, again and again. */
async function keepBusy() {
  const [customer, support] = [await newCustomer(server), await newSupport(server)];
  await post(server, await newStaff(server, "admin"), "/api/webhooks", { url: receiver.url("/hook") });
  while (!isOver) {
    const { ticket_id } = await newTicket(server, customer, { message_content: "Hello?" });
    const [theirs, ours] = [await connect(server, customer), await connect(server, support)];
    for (const line of [theirs, ours]) await tell(line, "join_ticket", { ticket_id });
    await tell(theirs, "chat_message", { ticket_id, message_content: "Is anybody there?" });
    const { message } = await tell(ours, "chat_message", { ticket_id, message_content: "Yes" });
    await tell(theirs, "message_read", { message_id: message.message_id });
    await tell(ours, "message_read", { message_id: `${ticket_id}.2` });
    await put(server, support, `/api/tickets/${ticket_id}`, { status: "closed" });
    await post(server, customer, `/api/messages/${ticket_id}`, { message_content: "One more thing" });
    await call(server, "GET", "/api/tickets/none", { token: customer.token });
    const wrong = { username: customer.username, password: "wrong, and long enough" };
    await call(server, "POST", "/api/auth/login", { body: wrong });
    for (const line of [theirs, ours]) line.socket.disconnect();
    await pause(200);
  }
}

test("the rules and the example configuration are what Prometheus takes", () => {
  assert.match(promtool("check", "rules", rules), /SUCCESS/);
  assert.match(promtool("check", "config", `${deploy}/prometheus/prometheus.yml`), /SUCCESS/);
});

test("every alert fires on what it is for, and none on a server that is well", () => {
  const tests = readFileSync(`${deploy}/prometheus/alerts.test.yml`, "utf8");
  assert.match(promtool("test", "rules", `${deploy}/prometheus/alerts.test.yml`), /SUCCESS/);
  for (const [, alert] of readFileSync(rules, "utf8").matchAll(/- alert: (\w+)/g)) {
    const fires = new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:\\n`);
    const rests = new RegExp(`alertname: ${alert}\\n\\s+exp_alerts: \\[\\]`);
    assert.ok(fires.test(tests) && rests.test(tests), `${alert} is not in alerts.test.yml`);
  }
});

test("every figure that is asked for stands in the table", () => {
  const names = new Set(listed().map((metric) => metric.name));
  const asked = [...queries.map((query) => query.expr), readFileSync(rules, "utf8")].join(" ");
  const unknown = [...asked.matchAll(/\b(smilechat_\w+|process_\w+)\b/g)]
    .map(([name]) => name.replace(/_(bucket|sum|count)$/, ""))
    .filter((name) => !names.has(name));
  assert.deepEqual(unknown, []);
});

test("every value of a label that is asked for is one that the servers say", async () => {
  const asked = [...queries.map((query) => query.expr), readFileSync(rules, "utf8"), readFileSync(`${deploy}/prometheus/alerts.test.yml`, "utf8")];
  const all = new Set(asked.flatMap(valuesIn).map((one) => JSON.stringify(one)));
  assert.ok(all.size > 25, "these are not the rules");
  let unknown = [...all].map((one) => JSON.parse(one));
  await poll("all of them to be said", 30_000, async () => {
    const said = await Promise.all(unknown.map(({ metric, label }) => ask(prometheus, `label/${label}/values`, { "match[]": metric })));
    unknown = unknown.filter(({ value }, place) => !said[place].includes(value));
    return unknown.length === 0;
  }).catch((late) => {
    throw new Error(`${late.message}\nnobody says: ${JSON.stringify(unknown, null, 1)}`);
  });
});

test("every query of the dashboard has an answer from a server at work", async () => {
  assert.ok(queries.length > 50, "this is not the dashboard");
  let silent = queries;
  await poll("every query to have data", 60_000, async () => {
    const answers = await Promise.all(silent.map((query) => ask(prometheus, "query", { query: filledIn(query.expr) })));
    silent = silent.filter((_, place) => !answers[place].result.some((series) => !Number.isNaN(Number(series.value[1]))));
    return silent.length === 0;
  }).catch((late) => {
    throw new Error(`${late.message}\nwithout an answer: ${JSON.stringify(silent, null, 1)}`);
  });
});

test("the labels of the legends and the variables are there", async () => {
  for (const { title, expr, legend } of queries.filter((query) => query.legend.includes("{{"))) {
    const { result } = await ask(prometheus, "query", { query: filledIn(expr) });
    for (const [, label] of legend.matchAll(/\{\{(\w+)\}\}/g)) {
      assert.ok(result.every((series) => label in series.metric), `${title}: ${label} is not in ${JSON.stringify(result)}`);
    }
  }
  for (const variable of dashboard.templating.list.filter((one) => one.type === "query")) {
    const [, metric, label] = /^label_values\((\w+).*, (\w+)\)$/.exec(variable.definition);
    const values = await ask(prometheus, `label/${label}/values`, { "match[]": metric });
    assert.ok(values.length > 0, variable.name);
  }
});

test("Prometheus evaluates every rule, and a server at work raises no alert that wakes anybody", async () => {
  const loaded = await poll("the rules to be evaluated", 20_000, async () => {
    const { groups } = await ask(prometheus, "rules");
    const all = groups.flatMap((group) => group.rules);
    return all.length > 0 && all.every((rule) => rule.health !== "unknown") && all;
  });
  assert.deepEqual(loaded.filter((rule) => rule.health !== "ok").map((rule) => [rule.name, rule.lastError]), []);
  const woken = loaded.filter((rule) => rule.labels.severity === "critical" && rule.state !== "inactive");
  assert.deepEqual(woken.map((rule) => rule.name), []);
});

/** `[{metric, label, value}]` of all selectors; of a pattern, each of its choices. */
function valuesIn(text) {
  // Prometheus gives a target its job and instance; and which pages were asked for, and what came of it, is not known before.
  const open = ["job", "instance", "version", "route", "method", "status"];
  return [...text.matchAll(/\b(smilechat_\w+|process_\w+)\{([^}]*)\}/g)].flatMap(([, metric, matchers]) =>
    [...matchers.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)]
      .filter(([, label]) => !open.includes(label))
      .flatMap(([, label, how, values]) => (how.endsWith("~") ? values.split("|") : [values]).map((value) => ({ metric, label, value }))),
  );
}

/** As Grafana would ask, with a server that is scraped every second. */
function filledIn(expr) {
  return expr.replaceAll("$__rate_interval", "10s").replaceAll("$job", ".*").replaceAll("$instance", ".*");
}
