// SIGTERM under load: the process ends by itself, the clients come back to the next one, nothing is lost.
//
//   node tests/clients/trials/drain.mjs --restarts 30

import assert from "node:assert/strict";

import { asCommand } from "../harness/command.mjs";
import { endProcess, launch, withServer } from "../harness/server.mjs";
import { countAcked, endTalks, everybodyIsBack, startTalks } from "../harness/talks.mjs";
import { poll } from "../harness/wait.mjs";

export async function drainUnderLoad({ restarts = 3 } = {}) {
  await withServer({}, async (server) => {
    const talks = await startTalks(server, { window: 1, gap: 5 });
    const times = [];
    for (let restart = 0; restart < restarts; restart += 1) {
      const before = countAcked(talks);
      await poll("some to have written", 30_000, () => countAcked(talks) >= before + 100);
      const asked = Date.now();
      const exit = await endProcess(server, "SIGTERM");
      times.push(Date.now() - asked);
      assert.deepEqual(exit, { code: 0, signal: null });
      await launch(server);
    }
    console.log(`${restarts} ends by SIGTERM, exit code 0 each time, the slowest after ${Math.max(...times)} ms`);
    assert.ok(Math.max(...times) < 10_000);
    await everybodyIsBack(talks);
    await endTalks(server, talks);
  });
}

await asCommand(import.meta.url, { restarts: 3 }, drainUnderLoad);
