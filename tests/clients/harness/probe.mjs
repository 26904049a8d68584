// A client that writes and reads by REST, over and over, and keeps what it was answered.

import assert from "node:assert/strict";

import { allMessages, call, newCustomer, newTicket } from "./people.mjs";
import { pause } from "./wait.mjs";

export async function startProbe(server, { gap = 25 } = {}) {
  const person = await newCustomer(server, "probe");
  const { ticket_id } = await newTicket(server, person);
  const probe = { server, person, ticket_id, gap, acked: [], refusals: [], reads: 0, faults: [], stopped: false };
  probe.done = run(probe);
  return probe;
}

async function run(probe) {
  const { server, ticket_id } = probe;
  const token = probe.person.token;
  for (let number = 0; !probe.stopped; number += 1) {
    const message_content = `probe ${number}`;
    const sent = await call(server, "POST", `/api/messages/${ticket_id}`, { token, body: { message_content } });
    if (sent.status === 201) probe.acked.push(message_content);
    else refuse(probe, sent);
    const read = await call(server, "GET", `/api/tickets/${ticket_id}`, { token });
    if (read.status === 200) probe.reads += 1;
    else refuse(probe, read);
    await pause(probe.gap);
  }
}

/** The only refusal that an outage may earn. */
function refuse(probe, { status, headers, body }) {
  probe.refusals.push(status);
  const retryAfter = Number(headers.get("retry-after"));
  if (status !== 503 || body.code !== "unavailable" || !(retryAfter > 0)) {
    probe.faults.push(`${status} ${JSON.stringify(body)}, Retry-After ${headers.get("retry-after")}`);
  }
}

/** What it was told to be stored is there, and every refusal was in order. */
export async function endProbe(probe) {
  probe.stopped = true;
  await probe.done;
  assert.deepEqual(probe.faults, []);
  const stored = new Set((await allMessages(probe.server, probe.person, probe.ticket_id)).map((m) => m.message_content));
  assert.deepEqual(probe.acked.filter((text) => !stored.has(text)), [], "nothing acked by REST is lost");
  console.log(`  by REST: ${probe.acked.length} stored, ${probe.refusals.length} times 503, nothing else`);
}
