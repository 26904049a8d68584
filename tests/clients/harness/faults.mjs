// A proxy in front of servers, on a free port of the loopback, that can be told to do wrong what proxies do wrong.

import { createServer, request } from "node:http";

/**
 * `faults`: `upgrade: false` passes no WebSocket on; `redirect: 301` redirects everything; `sticky: false` takes the servers
 * in turn; `date` is what it dates answers by; `cors: false` strips what lets pages in, `cors: "twice"` adds its own;
 * `most` refuses larger bodies; `idle` cuts a WebSocket that says nothing for so many milliseconds; `only` is a path that it
 * passes on, and nothing else; `flood` sends events without end down each WebSocket, and passes nothing on.
 */
export async function startProxy(servers, faults = {}) {
  let turn = 0;
  const choose = () => servers[faults.sticky === false ? turn++ % servers.length : 0];
  const proxy = createServer((asked, answer) => {
    if (faults.redirect) {
      return answer.writeHead(faults.redirect, { location: `https://elsewhere.example${asked.url}` }).end();
    }
    if (Number(asked.headers["content-length"] ?? 0) > (faults.most ?? Infinity)) {
      asked.resume();
      return answer.writeHead(413, { server: "proxy", "content-type": "text/html" }).end("<h1>413</h1>");
    }
    if (faults.only && !asked.url.startsWith(faults.only)) return answer.writeHead(404, { server: "proxy" }).end();
    const headers = { ...asked.headers };
    // As a proxy does that was told nothing: what belongs to the connection ends with it.
    for (const name of ["connection", "upgrade"]) delete headers[name];
    const passed = pass(choose(), asked, headers, (came) => {
      const told = { ...came.headers };
      if (faults.date) told.date = faults.date().toUTCString();
      if (faults.cors === false) for (const name of Object.keys(told)) if (name.startsWith("access-control")) delete told[name];
      if (faults.cors === "twice") told["access-control-allow-origin"] = [told["access-control-allow-origin"] ?? "*", "*"];
      answer.writeHead(came.statusCode, told);
      came.pipe(answer);
    });
    passed.on("error", () => answer.headersSent || answer.writeHead(502, { server: "proxy" }).end());
    answer.on("close", () => passed.destroy());
    asked.pipe(passed);
  });
  if (faults.upgrade !== false && !faults.redirect) proxy.on("upgrade", (asked, near) => join(choose(), asked, near, faults));
  await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    close: () => {
      proxy.close();
      proxy.closeAllConnections();
    },
  };
}

function pass(server, asked, headers, take) {
  const place = { host: "127.0.0.1", port: server.port, method: asked.method, path: asked.url, headers };
  return request(place, take);
}

function join(server, asked, near, { idle, flood }) {
  const passed = pass(server, asked, asked.headers);
  near.on("error", () => passed.destroy());
  passed.on("error", () => near.destroy());
  passed.on("response", (came) => near.end(`HTTP/1.1 ${came.statusCode} ${came.statusMessage}\r\n\r\n`));
  passed.on("upgrade", (came, far, head) => {
    const lines = Object.entries(came.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    near.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`);
    if (flood) return pour(near, far);
    near.write(head);
    near.pipe(far).pipe(near);
    const cut = () => [near, far].forEach((end) => end.destroy());
    for (const end of [near, far]) end.on("error", cut).on("close", cut);
    if (idle) for (const end of [near, far]) end.setTimeout(idle, cut);
  });
  passed.end();
}

/** A handshake, and then events for as long as somebody takes them. */
function pour(near, far) {
  const frame = (text) => Buffer.concat([Buffer.from([0x81, 126, text.length >> 8, text.length & 0xff]), Buffer.from(text)]);
  const event = frame(`42${JSON.stringify(["noise", "x".repeat(60_000)])}`);
  const more = () => {
    while (!near.destroyed && near.write(event));
  };
  near.on("drain", more).on("close", () => far.destroy());
  near.resume();
  near.write(frame(`0${JSON.stringify({ sid: "x", upgrades: [], pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 1_000_000 })}`));
  setImmediate(more);
}
