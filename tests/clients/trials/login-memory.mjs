// Many who sign in at once: the memory that their passwords took comes back.
//
//   node tests/clients/trials/login-memory.mjs --logins 600

import assert from "node:assert/strict";

import { asCommand } from "../harness/command.mjs";
import { login, newCustomer } from "../harness/people.mjs";
import { megabytes, memory } from "../harness/process.mjs";
import { withServer } from "../harness/server.mjs";
import { poll } from "../harness/wait.mjs";

const atOnce = 32;
/** What may stay: less than two hashes take. */
const bound = 30e6;

export async function loginsGiveBack({ logins = 200 } = {}) {
  await withServer({}, async (server) => {
    const people = [];
    for (let count = 0; count < 4; count += 1) people.push(await newCustomer(server));
    const before = memory(server);
    let begun = 0;
    const signIn = async () => {
      while (begun < logins) {
        const { username, password } = people[begun++ % people.length];
        await login(server, username, password);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, signIn));
    const told = () => `${megabytes(before)} before, ${megabytes(memory(server))} after ${logins} sign-ins`;
    await poll("the memory to come back", 5_000, () => memory(server) < before + bound).catch((error) => {
      throw new assert.AssertionError({ message: `${error.message}: ${told()}` });
    });
    console.log(`  memory: ${told()}`);
  });
}

await asCommand(import.meta.url, { logins: 600 }, loginsGiveBack);
