// Clients that write by REST and repeat, under the same `client_id`, what had no answer or was refused for the moment.

import { call } from "./people.mjs";
import { pause } from "./wait.mjs";

/** Of one message: more than a node takes to be left out by a proxy, and fewer than would hide an outage. */
const mostAttempts = 8;

/** Each of `places` (`{person, ticket_id}`) is written to in its turn; `gap` ms between two messages. */
export function startPosters(server, places, { count = 2, gap = 20 } = {}) {
  const posters = { server, places, gap, acked: [], repeated: 0, faults: [], isOver: false };
  const next = places.map(() => 0);
  const run = async (first) => {
    for (let turn = first; !posters.isOver; turn += count) {
      const place = turn % places.length;
      await write(posters, places[place], `poster/${next[place]++}`);
      await pause(gap);
    }
  };
  posters.done = Promise.all(Array.from({ length: count }, (_, first) => run(first)));
  return posters;
}

export async function stopPosters(posters) {
  posters.isOver = true;
  await posters.done;
}

async function write(posters, { person, ticket_id }, client_id) {
  const body = { message_content: `This is ${client_id}`, client_id };
  for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
    const path = `/api/messages/${ticket_id}`;
    const answer = await call(posters.server, "POST", path, { token: person.token, body }).catch((error) => ({ error }));
    if (answer.status === 200 || answer.status === 201) return posters.acked.push(answer.body);
    posters.repeated += 1;
    await pause(Math.min(50 * 2 ** attempt, 1_000));
  }
  posters.faults.push(`${client_id} in ${ticket_id}: in vain ${mostAttempts} times`);
}
