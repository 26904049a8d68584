// A wrong password for an account that exists, and for one that does not: an answer alike, in the same time. Asked in
// turns, so that what else the machine does meets all of them.
//
//   node tests/clients/trials/login-time.mjs --tries 400

import assert from "node:assert/strict";

import { asCommand } from "../harness/command.mjs";
import { inMs, percentile } from "../harness/latency.mjs";
import { call, newCustomer, newStaff } from "../harness/people.mjs";
import { chooseSeed, seeded } from "../harness/random.mjs";
import { withServer } from "../harness/server.mjs";

/** The medians may differ by this much of the time a sign-in takes. */
const bound = 0.1;

export async function timeLogins({ tries = 400, seed } = {}) {
  const random = seeded(chooseSeed(seed));
  await withServer({}, async (server) => {
    const [customer, staff] = [await newCustomer(server), await newStaff(server, "admin")];
    const kinds = {
      customer: () => customer.username,
      staff: () => staff.username,
      unknown: () => `nobody-${Math.floor(random() * 1e9)}`,
      impossible: () => "no such name, ever!",
    };
    const times = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
    const answers = new Set();
    for (let round = 0; round < tries + 10; round += 1) {
      for (const kind of Object.keys(kinds).sort(() => random() - 0.5)) {
        const body = { username: kinds[kind](), password: "wrong, but as long as any" };
        const asked = performance.now();
        const { status, body: answer } = await call(server, "POST", "/api/auth/login", { body });
        const took = performance.now() - asked;
        const { request_id: _, ...rest } = answer;
        answers.add(`${status} ${JSON.stringify(rest)}`);
        if (round >= 10) times[kind].push(took);
      }
    }
    assert.equal(answers.size, 1, `answers differ: ${[...answers]}`);
    const medians = Object.entries(times).map(([kind, all]) => [kind, percentile(all, 0.5)]);
    console.log(`  medians of ${tries}: ${medians.map(([kind, time]) => `${kind} ${inMs(time)}`).join(", ")}`);
    const all = medians.map(([, time]) => time);
    const [least, most] = [Math.min(...all), Math.max(...all)];
    console.log(`  they differ by ${((most / least - 1) * 100).toFixed(1)} %`);
    assert.ok(most <= least * (1 + bound), `the medians differ by more than ${bound * 100} %`);
  });
}

await asCommand(import.meta.url, { tries: 400 }, timeLogins);
