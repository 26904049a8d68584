// `smilechat doctor` against a server that is well, and against proxies with one fault each, which it has to name.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { doctor, named } from "../harness/doctor.mjs";
import { startProxy } from "../harness/faults.mjs";
import { get, newStaff, post } from "../harness/people.mjs";
import { binary, endProcess, freePort, launch, startServer, stopServer } from "../harness/server.mjs";

const shop = "https://shop.example";
const env = { CORS_ORIGINS: shop };

let [server, other, admin, key] = [];
before(async () => {
  [server, other] = [await startServer({ env }), await startServer({ env })];
  admin = await newStaff(server, "admin");
  const wanted = { kind: "publishable", name: "Shop", allowed_origins: [shop] };
  key = (await post(server, admin, "/api/api-keys", wanted)).api_key;
});
after(async () => {
  for (const one of [server, other]) await stopServer(one);
});

/** Through a proxy with this fault. */
async function examined(faults, args = [], servers = [server]) {
  const proxy = await startProxy(servers, faults);
  try {
    return await doctor(proxy.url, args);
  } finally {
    proxy.close();
  }
}

function isNamed({ code, report, steps }, step, detail, advice) {
  assert.equal(code, 1);
  assert.equal(report.ok, false);
  assert.ok(named(report, "broken").includes(step), JSON.stringify(report, null, 1));
  assert.match(steps[step].detail, detail);
  assert.match(steps[step].advice, advice);
}

test("a server that is well: all good, and what of the conversation remains", async () => {
  const args = ["--api-key", key, "--origin", shop, "--patience", "1"];
  const { code, report, steps } = await doctor(server.url, args);
  assert.equal(code, 0, JSON.stringify(report, null, 1));
  assert.deepEqual([named(report, "broken"), named(report, "warning"), named(report, "skipped")], [[], [], ["tls"]]);
  assert.match(steps.dependencies.detail, /database \(sqlite\) ok [\d.]+ ms, files \(folder\) ok/);
  assert.match(steps["rest>socket"].detail, /on the socket after [\d.]+ ms, the same message/);
  assert.match(steps["socket>rest"].detail, /found by REST/);
  const [, number] = /ticket (\d+) "smilechat doctor" remains, closed/.exec(steps.farewell.detail);
  const { data } = await get(server, admin, "/api/tickets?q=doctor");
  const left = data.find((ticket) => ticket.number === Number(number));
  assert.deepEqual([left.status, left.last_seq], ["closed", 2]);
});

test("without a key it changes nothing, and says what it left out", async () => {
  const before = (await get(other, await newStaff(other, "support"), "/api/tickets")).data.length;
  const { code, report } = await doctor(other.url);
  assert.deepEqual([code, named(report, "skipped")], [0, ["tls", "pages", "guest", "patience"]]);
  assert.equal((await get(other, await newStaff(other, "support"), "/api/tickets")).data.length, before);
});

test("through a proxy without a fault all is good", async () => {
  const { code, report } = await examined({}, ["--api-key", key, "--origin", shop]);
  assert.equal(code, 0, JSON.stringify(report, null, 1));
});

test("lines for people: a sign, a time, and how to mend it", async () => {
  const child = spawnSync(binary, ["doctor", server.url], { encoding: "utf8" });
  assert.equal(child.status, 0, child.stderr);
  assert.match(child.stdout, /^✓ websocket +[\d.]+ ms {2}101, and the server answers$/m);
  const nobody = spawnSync(binary, ["doctor", `http://127.0.0.1:${await freePort()}`], { encoding: "utf8" });
  assert.equal(nobody.status, 1);
  assert.match(nobody.stdout, /^✗ address .*refused\n +Refused: nothing listens there/im);
  assert.match(nobody.stderr, /^smilechat: one thing is broken\n$/);
});

test("a name without an address", async () => {
  isNamed(await doctor("https://nobody.invalid"), "address", /nobody\.invalid/, /A record/);
});

test("a port that speaks no TLS", async () => {
  isNamed(await doctor(server.url.replace("http", "https")), "tls", /./, /speaks no TLS/);
});

test("a certificate that no browser takes", async () => {
  const folder = mkdtempSync(join(tmpdir(), "smilechat-certificates-"));
  // Two authorities of one name, and what the first has signed.
  const make = `
    new="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    for name in first second; do openssl req -x509 $new -days 2 -subj /CN=Ours -keyout $name.key -out $name.crt; done
    openssl req -x509 $new -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout ca.key -out ca.crt
    openssl req $new -subj /CN=localhost -keyout signed.key -out signed.csr
    echo subjectAltName=DNS:localhost >names
    openssl x509 -req -in signed.csr -CA first.crt -CAkey first.key -CAcreateserial -extfile names -days 2 -out signed.crt`;
  execFileSync("sh", ["-ec", make], { cwd: folder, stdio: "ignore" });
  const shown = async (name, trusted) => {
    const [cert, key] = ["crt", "key"].map((ending) => readFileSync(join(folder, `${name}.${ending}`)));
    const proxy = createServer({ cert, key }, (_, answer) => answer.end()).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const found = await doctor(`https://localhost:${proxy.address().port}`, [], { SSL_CERT_FILE: join(folder, trusted) });
    proxy.close();
    proxy.closeAllConnections();
    return found;
  };
  try {
    isNamed(await shown("ca", "ca.crt"), "tls", /CaUsedAsEndEntity/, /certificate of an authority.*basicConstraints=critical,CA:FALSE/);
    isNamed(await shown("signed", "second.crt"), "tls", /BadSignature/, /made anew under the same name/);
    assert.equal((await shown("signed", "first.crt")).steps.tls.status, "good");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a proxy that strips the upgrade", async () => {
  const found = await examined({ upgrade: false });
  isNamed(found, "websocket", /instead of 101/, /proxy_set_header Upgrade \$http_upgrade/);
  assert.equal(found.steps.polling.status, "good");
});

test("a proxy that redirects", async () => {
  isNamed(await examined({ redirect: 301 }), "redirects", /301 to https:\/\/elsewhere\.example/, /becomes a GET.*308/);
  isNamed(await examined({ redirect: 308 }), "redirects", /308/, /sockets do not/);
});

test("two nodes and no stickiness", async () => {
  isNamed(await examined({ sticky: false }, [], [server, other]), "polling", /session unknown/, /hash \$remote_addr/);
});

test("two nodes with different databases", async () => {
  const found = await examined({ sticky: false }, ["--api-key", key], [server, other]);
  isNamed(found, "guest", /unauthorized/, /share JWT_SECRET and database/);
});

test("a clock that is wrong, ahead and behind", async () => {
  const by = (minutes) => ({ date: () => new Date(Date.now() + minutes * 60_000) });
  isNamed(await examined(by(10)), "clock", /(599|600|601) s ahead/, /NTP/);
  isNamed(await examined(by(-10)), "clock", /(599|600|601) s behind/, /NTP/);
});

test("a proxy that strips CORS, one that adds its own, and a page that nobody lists", async () => {
  const page = ["--origin", shop];
  isNamed(await examined({ cors: false }, page), "pages", /without access-control-allow-origin/, /strips the header/);
  isNamed(await examined({ cors: "twice" }, page), "pages", /2 times/, /Take it out/);
  const foreign = ["--origin", "https://foreign.example"];
  const { steps } = await doctor(server.url, foreign);
  assert.match(steps.pages.advice, /publishable key list it/);
});

test("a proxy that takes small bodies alone", async () => {
  isNamed(await examined({ most: 100_000 }), "body", /413 by `proxy`/, /client_max_body_size/);
  isNamed(await examined({ most: 1_048_576 }, ["--api-key", key, "--origin", shop]), "upload", /413/, /260m/);
});

test("something that sends without end is given up after ten seconds, and kept nowhere", async () => {
  const begun = Date.now();
  const found = await examined({ flood: true }, ["--api-key", key, "--patience", "60"]);
  isNamed(found, "websocket", /nothing of the kind came for 10 s/, /is this SmileChat/);
  const { websocket } = found.steps;
  assert.ok(websocket.milliseconds < 12_000, `given up after ${websocket.milliseconds} ms`);
  assert.deepEqual(named(found.report, "skipped"), ["tls", "pages", "upgrade", "room", "patience"]);
  assert.ok(Date.now() - begun < 20_000, "nothing else waits for a WebSocket");
});

test("a proxy that cuts quiet sockets", async () => {
  const found = await examined({ idle: 500 }, ["--api-key", key, "--origin", shop, "--patience", "3"]);
  isNamed(found, "patience", /cut after 0 s/, /proxy_read_timeout/);
  assert.equal(found.steps["rest>socket"].status, "good");
});

test("a proxy that passes on the API alone", async () => {
  isNamed(await examined({ only: "/api/" }), "server", /404 by `proxy`/, /every path/);
  const nobody = { port: await freePort() };
  isNamed(await examined({}, [], [nobody]), "server", /502/, /no node behind it/);
});

test("one dead node behind a proxy that goes on sending to it", async () => {
  await endProcess(other, "SIGTERM");
  isNamed(await examined({ sticky: false }, [], [server, other]), "server", /some were answered 502/, /A node .* is dead/);
  await launch(other);
});

