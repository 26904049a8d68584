// REST calls, and the people who make them.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

import { runCommand } from "./server.mjs";

/** Any answer: `{status, headers, body}`. */
export async function call(server, method, path, { token, body, headers = {} } = {}) {
  const answer = await fetch(server.url + path, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : undefined };
}

/** The body of an answer that has to be a success. */
export async function get(server, person, path) {
  return succeed(server, "GET", path, { token: person.token });
}

export async function post(server, person, path, body) {
  return succeed(server, "POST", path, { token: person.token, body });
}

export async function put(server, person, path, body) {
  return succeed(server, "PUT", path, { token: person.token, body });
}

export async function newCustomer(server, name = "customer") {
  const username = `${name}-${randomBytes(4).toString("hex")}`;
  const password = "correct horse battery";
  return person(await succeed(server, "POST", "/api/auth/register", { body: { username, password } }), password);
}

export async function newSupport(server, name = "support") {
  return newStaff(server, "support", name);
}

export async function newStaff(server, role, name = role) {
  const username = `${name}-${randomBytes(4).toString("hex")}`;
  const password = "staple of the support";
  const command = ["user", "create", "--username", username, "--role", role, "--password-stdin"];
  await runCommand(server, command, `${password}\n`);
  return login(server, username, password);
}

/** The same user in another session. */
export async function login(server, username, password) {
  return person(await succeed(server, "POST", "/api/auth/login", { body: { username, password } }), password);
}

export async function newTicket(server, customer, fields = {}) {
  return post(server, customer, "/api/tickets", { subject: "The lid does not fit", ...fields });
}

/** All messages of a ticket, page by page from the first one. */
export async function allMessages(server, reader, ticketId) {
  const messages = [];
  let query = "after_seq=0&limit=100";
  while (query) {
    const page = await get(server, reader, `/api/messages/${ticketId}?${query}`);
    messages.push(...page.data);
    query = page.next_cursor && `limit=100&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
  return messages;
}

/** Each of `files` is a name and a text. */
export async function upload(server, person, ticketId, ...files) {
  const form = new FormData();
  for (const [name, text] of files) form.append("file", new Blob([text]), name);
  const headers = { authorization: `Bearer ${person.token}` };
  const answer = await fetch(`${server.url}/api/attachments?ticket_id=${ticketId}`, { method: "POST", headers, body: form });
  assert.equal(answer.status, 201);
  return (await answer.json()).data;
}

async function succeed(server, method, path, options) {
  const answer = await call(server, method, path, options);
  const told = `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`;
  assert.ok(answer.status >= 200 && answer.status < 300, told);
  return answer.body;
}

function person(session, password) {
  return {
    user: session.user,
    id: session.user.id,
    username: session.user.username,
    password,
    token: session.access_token,
    refreshToken: session.refresh_token,
  };
}
