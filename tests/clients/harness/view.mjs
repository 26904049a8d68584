// A client's view of one ticket, kept the way a good client keeps it: live events, and after every connect a replay
// of what was missed. It notes as a fault whatever the server promises never to do.

import { pause, poll } from "./wait.mjs";

export function watch(line, ticketId) {
  // `turn` counts connections and replays, so that an answer to an old one is not taken for the present one's.
  const view = { line, ticketId, messages: [], faults: [], turn: 0, replays: 0, replaying: true, early: [] };
  line.socket.on("chat_message", (message) => message.ticket_id === ticketId && takeLive(view, message));
  line.socket.on("resync", (notice) => notice.ticket_id === ticketId && replay(view));
  line.socket.on("connect", () => replay(view));
  line.socket.on("disconnect", () => leave(view));
  if (line.socket.connected) replay(view);
  return view;
}

/** Gives the views time to get everything up to that `seq`. What one did not get then, `judge` tells. */
export async function catchUp(views, seq) {
  const complete = () => views.every((view) => view.messages.length >= seq);
  await poll(`seq ${seq} in every view`, 10_000, complete).catch((late) => console.log(late.message));
}

function leave(view) {
  view.turn += 1;
  view.replaying = true;
  view.early = [];
  view.lastLive = undefined;
}

/** Every live message comes once and in turn, as long as the connection lasts. */
function takeLive(view, message) {
  if (view.lastLive !== undefined && message.seq !== view.lastLive + 1) {
    view.faults.push(`live ${message.seq} after live ${view.lastLive}`);
  }
  view.lastLive = message.seq;
  if (view.replaying) view.early.push(message);
  else take(view, message);
}

function take(view, message) {
  const last = view.messages.length;
  if (message.seq === last + 1) view.messages.push(message);
  // Live and replayed may overlap where the replay ended, and nowhere else.
  else if (message.seq > last || message.seq > view.replayedTo) view.faults.push(`${message.seq} after ${last}`);
}

/** Undefined where there was no answer. */
function join(view) {
  const place = { ticket_id: view.ticketId, after_seq: view.messages.length };
  return new Promise((done) => {
    view.line.socket.timeout(10_000).emit("join_ticket", place, (late, ack) => {
      const isAnswer = !late && ack && !ack.error;
      // Who was live already, by a join that a resync overtook, is live behind this answer from now on. Seen to here and not in
      // whoever waits for it: what comes in the same packet is handled before that.
      const replayedTo = place.after_seq + (isAnswer ? ack.messages.length : 0);
      if (isAnswer && view.lastLive < replayedTo) view.lastLive = replayedTo;
      done(isAnswer ? ack : undefined);
    });
  });
}

async function replay(view) {
  leave(view);
  const turn = view.turn;
  for (let more = true; more; ) {
    const ack = await join(view);
    if (turn !== view.turn) return;
    if (!ack) {
      await pause(50);
      if (turn !== view.turn) return;
      continue;
    }
    view.replayedTo = 0;
    for (const message of ack.messages) take(view, message);
    more = ack.has_more;
    // What is live goes on only when everything before it was fetched.
    if (more) view.lastLive = undefined;
  }
  view.replays += 1;
  view.replayedTo = view.messages.length;
  view.replaying = false;
  for (const message of view.early.splice(0)) take(view, message);
}
