// How long answers take: the figures that a promise about time is held against.

import { call } from "./people.mjs";
import { tell } from "./sockets.mjs";
import { pause } from "./wait.mjs";

/** Sends and reads at an even pace for a while: how long each took, in milliseconds. */
export async function measure(seconds, pairs, gap = 40) {
  const times = [];
  const end = Date.now() + seconds * 1000;
  const timed = async (work) => {
    const asked = performance.now();
    await work();
    times.push(performance.now() - asked);
  };
  await Promise.all(
    pairs.map(async ({ server, line, person, ticket_id }) => {
      while (Date.now() < end) {
        await timed(() => tell(line, "chat_message", { ticket_id, message_content: "How long does this take?" }));
        await timed(() => call(server, "GET", `/api/tickets/${ticket_id}`, { token: person.token }));
        await pause(gap);
      }
    }),
  );
  return times;
}

export function percentile(times, share) {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export const inMs = (time) => `${time.toFixed(1)} ms`;
