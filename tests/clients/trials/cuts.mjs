// Clients cut at random instants, on all transports, some of them away for longer: they miss nothing.
//
//   node tests/clients/trials/cuts.mjs --cuts 1000 --longest 60000

import assert from "node:assert/strict";

import { asCommand } from "../harness/command.mjs";
import { allMessages, newCustomer, newSupport, newTicket } from "../harness/people.mjs";
import { between, chooseSeed, seeded } from "../harness/random.mjs";
import { withServer } from "../harness/server.mjs";
import { connect, transports } from "../harness/sockets.mjs";
import { catchUp, watch } from "../harness/view.mjs";
import { pause, poll } from "../harness/wait.mjs";
import { clean, judge, startWriter, stop } from "../harness/write.mjs";

/** One absence in ten lasts up to `longest` milliseconds; only those who read are away for so long. */
export async function cutAtRandom({ cuts = 200, longest = 2_000, seed } = {}) {
  const random = seeded(chooseSeed(seed));
  await withServer({}, async (server) => {
    const people = [await newCustomer(server), await newSupport(server)];
    const { ticket_id } = await newTicket(server, people[0]);
    const again = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 200, randomizationFactor: 0 };
    const joinAll = () => {
      const each = Object.keys(transports).flatMap((transport) => people.map((person) => ({ transport, person })));
      return Promise.all(each.map(({ transport, person }) => connect(server, person, transport, again)));
    };
    const [talking, listening] = [await joinAll(), await joinAll()];
    const views = [...talking, ...listening].map((line) => watch(line, ticket_id));
    const writers = talking.map((line, index) => startWriter(line, ticket_id, `writer ${index}`, { window: 3, gap: 10 }));

    for (let done = 0; done < cuts; ) {
      await pause(between(random, 5, 120));
      const isLong = random() < 0.1;
      const lines = isLong ? listening : [...talking, ...listening];
      const line = lines[Math.floor(random() * lines.length)];
      if (!line.socket.connected) continue;
      const away = isLong ? between(random, 0, longest) : between(random, 0, 100);
      line.socket.io.reconnectionDelayMax(away);
      line.socket.io.reconnectionDelay(away);
      line.socket.io.engine.close();
      done += 1;
    }
    await Promise.all(writers.map(stop));
    const rows = await allMessages(server, people[0], ticket_id);
    const lines = [...talking, ...listening];
    await poll("everybody to be back", longest + 30_000, () => lines.every((line) => line.socket.connected));
    await catchUp(views, rows.length);
    const replays = views.reduce((sum, view) => sum + view.replays, 0);
    console.log(`${cuts} cuts of 0 to ${longest / 1000} s, ${rows.length} messages, ${replays} replays: nothing missed`);
    assert.deepEqual(judge(rows, writers, views), clean);
    assert.ok(replays > cuts / 2 && rows.length > 100, "there was something to lose");
  });
}

await asCommand(import.meta.url, { cuts: 200, longest: 2_000 }, cutAtRandom);
