// Changes a ticket: shown at once, taken back if the server refuses, and a conflict told plainly.
import { ApiError } from "@smilechat/client";
import { client } from "../backend/client";
import type { Ticket, TicketPatch } from "../backend/types";

/** Somebody else has changed the very thing meanwhile; `current` is what they made of it. */
export class Overtaken extends Error {
  constructor(readonly current: Ticket) {
    super("somebody else was faster");
  }
}

export interface TicketCalls {
  put(ticketId: string, patch: TicketPatch): Promise<Ticket>;
  get(ticketId: string): Promise<Ticket>;
}

const MOST_TRIES = 4;

/**
 * Saves a change made upon `seen`. Where something else has changed meanwhile (a new message, another field), the change
 * is made upon that; where the same field has, it fails with `Overtaken`.
 */
export async function save(calls: TicketCalls, seen: Ticket, patch: TicketPatch): Promise<Ticket> {
  let base = seen;
  for (let attempt = 1; ; attempt++) {
    try {
      return await calls.put(seen.ticket_id, { ...patch, if_updated_at: base.updated_at });
    } catch (error) {
      if (!(error instanceof ApiError && error.code === "conflict") || attempt === MOST_TRIES) throw error;
      const current = await calls.get(seen.ticket_id);
      if (touches(seen, current, patch)) throw new Overtaken(current);
      base = current;
    }
  }
}

/** What the ticket will look like, as far as one can tell before the server has answered. */
export function anticipate(ticket: Ticket, patch: TicketPatch, userId: string): Ticket {
  const next: Ticket = { ...ticket };
  if (patch.priority) next.priority = patch.priority;
  if (patch.tags) next.tags = patch.tags;
  if (patch.subject) next.subject = patch.subject;
  if (patch.support_id !== undefined) {
    next.support_id = patch.support_id;
    if (next.status !== "closed") next.status = patch.support_id ? next.status : "open";
  }
  if (patch.status) {
    next.status = patch.status;
    next.closed_at = patch.status === "closed" ? new Date().toISOString() : null;
    if (patch.status === "in_progress" && patch.support_id === undefined) next.support_id = userId;
  }
  // Whoever takes it, or is given it, answers from now on.
  const isTaken = next.support_id !== null && next.support_id !== ticket.support_id;
  if (next.bot_state && isTaken) next.bot_state = "human";
  return next;
}

export const ticketCalls: TicketCalls = {
  put: (id, body) => client.request("PUT /api/tickets/{id}", { path: { id }, body }),
  get: (id) => client.request("GET /api/tickets/{id}", { path: { id } }),
};

/** Whether what the patch wants to change is not any more what was seen. Taking a ticket is about who has it, too. */
function touches(seen: Ticket, current: Ticket, patch: TicketPatch): boolean {
  const fields = (Object.keys(patch) as (keyof Ticket)[]).filter((field) => field in seen);
  if (patch.status === "in_progress") fields.push("support_id");
  return fields.some((field) => JSON.stringify(seen[field] ?? null) !== JSON.stringify(current[field] ?? null));
}
