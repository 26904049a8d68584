// The queues of the inbox, and which ticket belongs where. Pure; the list, its cache and the counts build on it.
import type { Ticket } from "../backend/types";

export const QUEUES = ["mine", "unassigned", "bot", "all", "closed"] as const;
export type QueueId = (typeof QUEUES)[number];

export const QUEUE_NAMES: Record<QueueId, string> = {
  mine: "Mine",
  unassigned: "Unassigned",
  bot: "Bot",
  all: "All open",
  closed: "Closed",
};

export const TICKET_STATUS_NAMES: Record<Ticket["status"], string> = {
  open: "Open",
  in_progress: "In progress",
  closed: "Closed",
};

/** What a list shows: a queue, narrowed, or what was searched for in all of them. */
export interface ListView {
  queue: QueueId;
  search: string;
  priority: Ticket["priority"] | null;
  tag: string | null;
}

export function isQueue(value: string | undefined): value is QueueId {
  return QUEUES.some((queue) => queue === value);
}

/** The query of `GET /api/tickets` for a view. */
export function listQuery(view: ListView): Record<string, string> {
  const query: Record<string, string> = view.search ? { q: view.search } : queueQuery(view.queue);
  if (view.priority) query.priority = view.priority;
  if (view.tag) query.tag = view.tag;
  return query;
}

function queueQuery(queue: QueueId): Record<string, string> {
  switch (queue) {
    case "mine":
      return { status: "active", support_id: "me" };
    case "unassigned":
      // What the bot is at waits for nobody.
      return { status: "active", support_id: "none", bot_state: "not_bot" };
    case "bot":
      return { status: "active", bot_state: "bot" };
    case "all":
      return { status: "active" };
    case "closed":
      return { status: "closed" };
  }
}

/** Whether a ticket stands in a view; null where only the server can tell. */
export function belongs(view: ListView, ticket: Ticket, userId: string): boolean | null {
  if (view.priority && ticket.priority !== view.priority) return false;
  if (view.tag && !ticket.tags.includes(view.tag)) return false;
  if (view.search) return null;
  const isClosed = ticket.status === "closed";
  switch (view.queue) {
    case "mine":
      return !isClosed && ticket.support_id === userId;
    case "unassigned":
      return !isClosed && !ticket.support_id && ticket.bot_state !== "bot";
    case "bot":
      return !isClosed && ticket.bot_state === "bot";
    case "all":
      return !isClosed;
    case "closed":
      return isClosed;
  }
}

/** The server counts up to a thousand, which stands for that many or more. */
export function countLabel(count: number): string {
  return count >= 1000 ? "1,000+" : String(count);
}

/** The same where only an icon's corner is free. */
export function countBadge(count: number): string {
  return count >= 1000 ? "1k+" : String(count);
}
