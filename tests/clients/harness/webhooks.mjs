// A receiver of webhooks, as a tenant would run one: it keeps what comes and answers as it is told. What is signed is checked by
// the library of Standard Webhooks.

import { createServer } from "node:http";
import { text } from "node:stream/consumers";

import { Webhook } from "standardwebhooks";

import { poll } from "./wait.mjs";

/** What was sent, if its signature is good; otherwise it throws. */
export const verified = (secret, { raw, headers }) => new Webhook(secret).verify(raw, headers);

/** `answer(request, response)` decides; without it, all is taken. */
export async function startReceiver(port = 0) {
  const receiver = { requests: [], answer: undefined };
  const server = createServer(async (request, response) => {
    const raw = await text(request);
    const body = raw && JSON.parse(raw);
    const got = { path: request.url, headers: request.headers, raw, body, at: Date.now() };
    receiver.requests.push(got);
    if (receiver.answer) return receiver.answer(got, response);
    response.writeHead(204).end();
  });
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  receiver.host = `127.0.0.1:${server.address().port}`;
  receiver.url = (path) => `http://${receiver.host}${path}`;
  receiver.at = (path) => receiver.requests.filter((request) => request.path === path);
  receiver.until = (path, count, most = 20_000) =>
    poll(`${count} requests to ${path}`, most, async () => receiver.at(path).length >= count && receiver.at(path));
  receiver.stop = () =>
    new Promise((done) => {
      server.close(done);
      server.closeAllConnections();
    });
  return receiver;
}
