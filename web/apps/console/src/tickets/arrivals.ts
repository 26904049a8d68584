// Which news deserve a sound and a notification. Pure.
import type { Ticket } from "../backend/types";

/** A customer has written, in a ticket of one's own or of nobody's. */
export function isArrival(before: Ticket | undefined, after: Ticket, userId: string): boolean {
  const isOurs = !after.support_id || after.support_id === userId;
  if (!isOurs || after.status === "closed") return false;
  const hasMore = after.unread_count > (before?.unread_count ?? 0);
  const isNewer = !before || after.last_seq > before.last_seq;
  return hasMore && isNewer;
}
