// Clients that stop reading while their ticket goes on: they are cut within seconds and cost little until then, the
// others do not notice, and who was cut replays what was missed.
//
//   node tests/clients/trials/slow-reader.mjs --messages 200000

import assert from "node:assert/strict";

import { asCommand } from "../harness/command.mjs";
import { inMs, percentile } from "../harness/latency.mjs";
import { scrape, valueOf } from "../harness/metrics.mjs";
import { newCustomer, newSupport, newTicket } from "../harness/people.mjs";
import { megabytes, memory, openFiles } from "../harness/process.mjs";
import { withServer } from "../harness/server.mjs";
import { connect, tell } from "../harness/sockets.mjs";
import { catchUp, watch } from "../harness/view.mjs";
import { poll } from "../harness/wait.mjs";

const filler = "x".repeat(960);
const window = 50;

/** Half of `messages`, 1 kB each, are sent while `readers` read, the other half from the moment they stop. */
export async function stopReading({ messages = 200_000, readers = 1, judged = 1 } = {}) {
  // Without `judged`, memory and times are told only: a short run on a busy machine says little about them.
  await withServer({}, async (server) => {
    const people = [await newCustomer(server), await newSupport(server)];
    const { ticket_id } = await newTicket(server, people[0]);
    const sender = await connect(server, people[0]);
    const witness = watch(await connect(server, people[1]), ticket_id);
    const again = { reconnection: true, reconnectionDelay: 100, reconnectionDelayMax: 100 };
    const patient = watch(await connect(server, people[1], "websocket", again), ticket_id);
    const lines = [patient.line];
    while (lines.length < readers) lines.push(await connect(server, people[lines.length % 2]));
    for (const line of lines) await tell(line, "join_ticket", { ticket_id });

    const usual = await send(sender, ticket_id, messages / 2);
    const before = memory(server);
    const [files, halted] = [openFiles(server), Date.now()];
    let [most, cutAfter] = [before, Infinity];
    const watching = setInterval(() => {
      // What is held for them goes with them; what a server takes for a hundred thousand messages more is another matter.
      if (cutAfter === Infinity) most = Math.max(most, memory(server));
      if (openFiles(server) <= files - readers) cutAfter = Math.min(cutAfter, Date.now() - halted);
    }, 10);
    const streams = lines.map((line) => line.socket.io.engine.transport.ws._socket);
    for (const stream of streams) stream.pause();
    const meanwhile = await send(sender, ticket_id, messages / 2).finally(() => clearInterval(watching));

    // Only now do they look at their connections again: at the end of what the kernel kept for them is the cut.
    for (const stream of streams) stream.resume();
    const others = lines.slice(1);
    await poll("all of them to be cut", 30_000, () => others.every((line) => !line.socket.connected));
    await poll("the one that comes back to have replayed", 60_000, () => patient.messages.length >= messages);
    await catchUp([witness, patient], messages);
    const counted = valueOf(await scrape(server), "smilechat_sockets_closed_total", { reason: "slow reader" });
    assert.ok(counted >= readers, `${counted} slow readers are counted`);
    const each = (most - before) / readers;
    const ratio = percentile(meanwhile.times, 0.99) / percentile(usual.times, 0.99);
    console.log(`  ${messages} events, ${readers} readers stop: all cut after ${cutAfter} ms`);
    console.log(`  memory: ${megabytes(most - before)} more at most until they are cut, ${megabytes(each)} for each`);
    console.log(`  p99 of the others: ${inMs(percentile(usual.times, 0.99))} before, ${ratio.toFixed(2)} times that meanwhile`);
    assert.ok(cutAfter < 15_000, `they were cut after ${cutAfter} ms`);
    if (judged) assert.ok(each <= 2e6, `${megabytes(each)} for each reader`);
    for (const view of [witness, patient]) {
      assert.deepEqual([view.messages.length, view.faults], [messages, []], "nothing is missed");
    }
    assert.ok(patient.replays > 1, "who was cut came back");
    if (judged) assert.ok(ratio <= 1.2, `p99 ${ratio.toFixed(2)} times the usual`);
  });
}

/** How long each ack took, in milliseconds. */
async function send(line, ticket_id, count) {
  const times = [];
  for (let sent = 0; sent < count; sent += window) {
    const asked = performance.now();
    const burst = Array.from({ length: Math.min(window, count - sent) }, (_, place) =>
      tell(line, "chat_message", { ticket_id, message_content: `${sent + place} ${filler}` }),
    );
    await Promise.all(burst);
    times.push(performance.now() - asked);
  }
  return { times };
}

await asCommand(import.meta.url, { messages: 200_000, readers: 1, judged: 1 }, stopReading);
