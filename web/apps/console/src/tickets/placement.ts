// Keeps loaded pages of tickets right while events come in: newest activity first, nothing twice, nothing stale.
import type { Ticket } from "../backend/types";

export interface TicketPage {
  data: Ticket[];
  next_cursor?: string | null;
}

export interface TicketPages {
  pages: TicketPage[];
  pageParams: unknown[];
}

/** All tickets of the pages in order. One that moved up while pages were loaded may stand on two: the newer counts. */
export function flatten(pages: TicketPage[]): Ticket[] {
  const seen = new Map<string, Ticket>();
  for (const ticket of pages.flatMap((page) => page.data)) {
    const other = seen.get(ticket.ticket_id);
    if (!other || isNewer(ticket, other)) seen.set(ticket.ticket_id, ticket);
  }
  return [...seen.values()].sort(byActivity);
}

/**
 * The pages with this state of a ticket in its place. `member` says whether it stands in this list; null: only if it
 * does already.
 */
export function place(pages: TicketPages, ticket: Ticket, member: boolean | null): TicketPages {
  const present = find(pages, ticket.ticket_id);
  if (present && isNewer(present, ticket)) return pages;
  const without = present ? remove(pages, ticket.ticket_id) : pages;
  const isMember = member ?? present !== undefined;
  return isMember ? insert(without, ticket) : without;
}

export function remove(pages: TicketPages, ticketId: string): TicketPages {
  if (!find(pages, ticketId)) return pages;
  return {
    ...pages,
    pages: pages.pages.map((page) => ({ ...page, data: page.data.filter((other) => other.ticket_id !== ticketId) })),
  };
}

export function find(pages: TicketPages, ticketId: string): Ticket | undefined {
  for (const page of pages.pages) {
    const ticket = page.data.find((other) => other.ticket_id === ticketId);
    if (ticket) return ticket;
  }
  return undefined;
}

export function isNewer(one: Ticket, other: Ticket): boolean {
  return one.updated_at > other.updated_at;
}

/** Into the first page whose end is older; past the loaded end it waits for its page, unless there is none. */
function insert(pages: TicketPages, ticket: Ticket): TicketPages {
  const isLast = (index: number) => index === pages.pages.length - 1;
  const at = pages.pages.findIndex((page, index) => {
    const end = page.data.at(-1);
    return (end !== undefined && byActivity(ticket, end) <= 0) || (isLast(index) && !page.next_cursor);
  });
  if (at < 0) return pages;
  return {
    ...pages,
    pages: pages.pages.map((page, index) =>
      index === at ? { ...page, data: [...page.data, ticket].sort(byActivity) } : page,
    ),
  };
}

function byActivity(one: Ticket, other: Ticket): number {
  if (one.updated_at === other.updated_at) return one.ticket_id < other.ticket_id ? 1 : -1;
  return one.updated_at < other.updated_at ? 1 : -1;
}
