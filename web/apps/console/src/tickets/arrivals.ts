// Which news deserve a sound and a notification. Pure.
import type { Ticket } from "../backend/types";

/** A customer has written, or the bot passes them on, in a ticket of one's own or of nobody's. What the bot has is no news. */
export function isArrival(before: Ticket | undefined, after: Ticket, userId: string): boolean {
  const isOurs = !after.support_id || after.support_id === userId;
  if (!isOurs || after.status === "closed" || after.bot_state === "bot") return false;
  const isPassedOn = before?.bot_state === "bot" && after.bot_state === "handoff_requested";
  const hasMore = after.unread_count > (before?.unread_count ?? 0);
  const isNewer = !before || after.last_seq > before.last_seq;
  return isPassedOn || (hasMore && isNewer);
}
