// What the socket tells of a ticket, brought together with what is known of it. Pure.
import type { Ticket, TicketActivity } from "../backend/types";

/** Only what is as new as the ticket's own state counts: it may have been asked for since. */
export function mergeActivity(known: Ticket, activity: TicketActivity): Ticket {
  if (activity.updated_at < known.updated_at) return known;
  const { last_seq, unread_count, updated_at } = activity;
  return { ...known, last_seq, unread_count, updated_at };
}

/**
 * A change of the ticket itself. News of a later message may have come before it; they hold no status and no assignee,
 * so that these count all the same.
 */
export function mergeUpdate(known: Ticket | undefined, ticket: Ticket): Ticket {
  if (!known || known.updated_at <= ticket.updated_at) return ticket;
  const { last_seq, unread_count, updated_at } = known;
  return { ...ticket, last_seq, unread_count, updated_at };
}
