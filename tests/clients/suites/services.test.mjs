// The services as processes of their own behind nginx, as deploy/nginx/smilechat-services.conf sends each path to one of
// them: whoever has only the public address notices nothing of it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { after, before, test } from "node:test";

import { startCluster, stopCluster } from "../harness/cluster.mjs";
import { scrape, valueOf } from "../harness/metrics.mjs";
import { allMessages, call, get, newCustomer, newStaff, newSupport, newTicket, post, put } from "../harness/people.mjs";
import { connect, heard, tell, transports } from "../harness/sockets.mjs";
import { freePort } from "../harness/server.mjs";
import { poll } from "../harness/wait.mjs";
import { startReceiver, verified } from "../harness/webhooks.mjs";

const services = ["auth", "tickets", "realtime", "notifications", "analytics", "pages"];
const ports = { auth: [3110], tickets: [3120], realtime: [3130, 3131], analytics: [3140], notifications: [3160], pages: [3150] };

let [cluster, front, byName] = [];
before(async () => {
  const places = {};
  const roles = services.map((name) => ({ SMILECHAT_SERVER__SERVICES: name }));
  const port = await freePort();
  const env = {
    SMILECHAT_ASSIGNMENT__ENABLED: "true",
    SMILECHAT_DATABASE__POOL_SIZE: "2",
    SMILECHAT_OUTBOUND__OWN_HOSTS: `127.0.0.1:${port}`,
  };
  services.forEach((name, number) => ports[name].forEach((port) => (places[`127.0.0.1:${port}`] = number)));
  cluster = await startCluster({ roles, env, conf: "smilechat-services.conf", places });
  cluster.receiver = port;
  front = cluster.front;
  byName = Object.fromEntries(services.map((name, number) => [name, cluster.nodes[number]]));
});
after(() => cluster && stopCluster(cluster));

test("a whole conversation by the public address, on every transport", async () => {
  const [customer, support, admin] = [await newCustomer(front), await newSupport(front), await newStaff(front, "admin")];
  const theirs = [];
  for (const transport of Object.keys(transports)) theirs.push(await connect(front, customer, transport));
  const ours = await connect(front, support);
  await heard(ours, "online_users", (users) => users.some((user) => user.user_id === support.id));

  const { ticket_id } = await newTicket(front, customer, { message_content: "Hello?" });
  await heard(ours, "ticket_created", (event) => event.ticket.ticket_id === ticket_id, 3_000);
  const isGiven = async () => (await get(front, customer, `/api/tickets/${ticket_id}`)).support_id === support.id;
  await poll("the ticket to be given to whoever is online", 3_000, isGiven);
  for (const line of [...theirs, ours]) await tell(line, "join_ticket", { ticket_id, after_seq: 0 });

  const form = new FormData();
  form.append("file", new Blob(["9.90"]), "bill.txt");
  const headers = { authorization: `Bearer ${support.token}` };
  const upload = await fetch(`${front.url}/api/attachments?ticket_id=${ticket_id}`, { method: "POST", headers, body: form });
  assert.equal(upload.status, 201);
  const [file] = (await upload.json()).data;
  await post(front, support, `/api/messages/${ticket_id}`, { message_content: "Here I am", attachment_ids: [file.attachment_id] });
  for (const line of theirs) {
    const message = await heard(line, "chat_message", (one) => one.message_content === "Here I am", 3_000);
    assert.equal(message.attachments[0].name, "bill.txt");
  }
  assert.equal(await (await fetch(front.url + file.url, { headers })).text(), "9.90");
  await tell(theirs[0], "typing", { ticket_id, is_typing: true });
  await heard(ours, "typing", (event) => event.is_typing, 2_000);
  for (const [place, line] of theirs.entries()) {
    const content = `Good, number ${place}`;
    await tell(line, "chat_message", { ticket_id, message_content: content });
    await heard(ours, "chat_message", (message) => message.message_content === content, 3_000);
  }
  const rows = await allMessages(front, support, ticket_id);
  assert.deepEqual(rows.map((row) => row.seq), [1, 2, 3, 4, 5]);
  assert.equal((await put(front, support, `/api/messages/${rows[4].message_id}/read`)).is_read, true);
  await heard(theirs[1], "message_read", (event) => event.up_to_seq === 5 && event.reader_id === support.id, 3_000);
  await post(front, support, `/api/tickets/${ticket_id}/notes`, { body: "A regular" });
  await heard(ours, "ticket_note", (note) => note.body === "A regular", 3_000);

  const receiver = await startReceiver(cluster.receiver);
  const { secret } = await post(front, admin, "/api/webhooks", { url: receiver.url("/hook"), types: ["ticket.closed"] });
  await put(front, support, `/api/tickets/${ticket_id}`, { status: "closed" });
  const [told] = await receiver.until("/hook", 1);
  assert.equal(verified(secret, told).data.ticket.ticket_id, ticket_id);
  await receiver.stop();
  await heard(theirs[2], "ticket_updated", (event) => event.ticket.status === "closed", 3_000);
  await post(front, customer, `/api/tickets/${ticket_id}/rating`, { score: 5 });
  await heard(ours, "ticket_rated", (rating) => rating.score === 5, 3_000);
  assert.equal((await get(front, support, `/api/users/status?user_id=${customer.id}`)).status, "online");
  const counted = async () => (await get(front, admin, "/api/analytics/overview")).totals.closed === 1;
  await poll("the closing to be counted", 10_000, counted);
  await post(front, admin, "/api/kb/articles", { title: "Hours", body: "From nine to five.", status: "published" });
  const article = await fetch(`${front.url}/help/default/hours`);
  assert.ok(article.status === 200 && (await article.text()).includes("From nine to five."));

  await call(front, "POST", "/api/auth/logout", { token: customer.token, body: {} });
  for (const line of theirs) await heard(line, "disconnect", () => true, 2_000);
  // Each process hears of it by itself.
  const isRefused = async () => (await call(front, "GET", `/api/tickets/${ticket_id}`, { token: customer.token })).status === 401;
  await poll("the session to be over at the process of tickets too", 2_000, isRefused);
  ours.socket.disconnect();
});

test("pages and documents come by the same address", async () => {
  for (const path of ["/app", "/demo", "/widget.js", "/docs/", "/openapi.json", "/asyncapi.json", "/healthz"]) {
    assert.equal((await fetch(front.url + path)).status, 200, path);
  }
});

/** The table of docs/OPERATIONS.md: which service a path is of. `…` is whatever follows; the last row is for all other paths. */
function tableOfServices() {
  const page = readFileSync(new URL("../../../docs/OPERATIONS.md", import.meta.url), "utf8");
  const [, table] = page.match(/\| paths \| service \|\n\|---\|---\|\n((?:\|.*\n)+)/);
  const rows = table.trimEnd().split("\n").map((row) => {
    const [, left, service] = row.split("|");
    return { paths: [...left.matchAll(/`([^`]+)`/g)].map(([, path]) => path), service: service.trim().replaceAll("`", "") };
  });
  const isOf = (path) => (shown) => (shown.endsWith("…") ? path.startsWith(shown.slice(0, -1)) : path === shown);
  return (path) => (rows.find(({ paths }) => paths.some(isOf(path))) ?? rows.at(-1)).service;
}

/** Whether a server has a route for the path: it refuses a method that nothing takes, and knows of no other path. */
async function has(url, path, method) {
  const asked = request(url + path, { method, agent: false });
  asked.end();
  const [answer] = await once(asked, "response");
  answer.resume();
  await once(answer, "end");
  return answer.statusCode !== 404;
}

test("the table of OPERATIONS names the service that has each path, and nginx finds it there", async () => {
  const { paths } = await (await fetch(`${front.url}/openapi.json`)).json();
  const documented = Object.keys(paths).map((path) => path.replaceAll(/\{\w+\}/g, "some-id"));
  const pages = ["/", "/app", "/app/tickets/1", "/demo", "/demo/config.json", "/widget.js", "/widget/x.js"];
  const help = ["/help/default", "/help/default/an-article", "/help/default/sitemap.xml"];
  const serviceOf = tableOfServices();
  let compared = 0;
  for (const path of [...documented, ...pages, ...help, "/socket.io/"]) {
    const owners = [];
    for (const name of services) if (await has(byName[name].url, path, "TRACE")) owners.push(name);
    // Health, readiness and metrics are everywhere.
    if (owners.length === services.length) continue;
    assert.deepEqual(owners, [serviceOf(path)], path);
    assert.ok(await has(front.url, path, "PROPFIND"), `${path}, by nginx`);
    if (path.startsWith("/api/")) assert.ok(await has(front.url, path.replace("/api/", "/api/v1/"), "PROPFIND"), `${path}, with v1`);
    compared += 1;
  }
  assert.ok(compared > 60, `${compared} paths`);
});

test("each process did its own part and no other's", async () => {
  const requests = async (name, prefix) => {
    const samples = (await scrape(byName[name])).filter((one) => one.name === "smilechat_http_request_seconds_count");
    return samples.filter((one) => one.labels.route.startsWith(prefix)).reduce((sum, one) => sum + one.value, 0);
  };
  const paths = { auth: "/api/auth/", tickets: "/api/tickets", analytics: "/api/analytics/", notifications: "/api/webhooks" };
  for (const [name, path] of Object.entries(paths)) {
    for (const other of services) {
      const asked = await requests(other, path);
      assert.ok(other === name ? asked > 0 : asked === 0, `${path} at ${other}: ${asked}`);
    }
  }
  assert.ok(valueOf(await scrape(byName.realtime), "smilechat_socket_event_seconds_count") > 0);
  assert.equal((await call(byName.auth, "GET", "/api/tickets")).status, 404, "what is not its own it has not");
  assert.equal((await fetch(`${byName.tickets.url}/socket.io/?EIO=4&transport=polling`)).status, 404);
  for (const [name, node] of Object.entries(byName)) {
    const ready = await (await fetch(`${node.url}/readyz`)).json();
    assert.deepEqual(ready.services, [name, "operations"]);
  }
});
