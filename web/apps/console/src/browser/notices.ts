// Tells that a customer has written: a soft sound, a notification of the browser, a mark in the title.
import type { Ticket } from "../backend/types";
import { chime } from "./chime";
import { preferences } from "./preferences";

let shownTicket: string | null = null;
let openTicket: (ticket: Ticket) => void = () => {};

/** Which ticket is on the screen: no notice is needed for it while somebody looks. */
export function setShownTicket(ticketId: string | null): void {
  shownTicket = ticketId;
}

/** What a click on a notification does. */
export function onNoticeOpened(open: (ticket: Ticket) => void): void {
  openTicket = open;
}

export function announce(ticket: Ticket): void {
  const isWatched = document.visibilityState === "visible" && document.hasFocus();
  if (isWatched && shownTicket === ticket.ticket_id) return;
  if (preferences().sound) chime();
  if (!isWatched) markTitle();
  if (!isWatched && preferences().desktop && canNotify()) notify(ticket);
}

export function canNotify(): boolean {
  return typeof Notification !== "undefined" && Notification.permission === "granted";
}

/** Asks the browser; only ever after somebody has pressed a button that says so. */
export async function askToNotify(): Promise<boolean> {
  if (typeof Notification === "undefined") return false;
  return (await Notification.requestPermission()) === "granted";
}

function notify(ticket: Ticket): void {
  // No text of the customer's: a notification may stand on a locked screen.
  const title = ticket.last_seq <= 1 ? "A new ticket" : "A customer has written";
  const notice = new Notification(title, { body: `#${ticket.number} ${ticket.subject}`, tag: ticket.ticket_id });
  notice.onclick = () => {
    window.focus();
    openTicket(ticket);
    notice.close();
  };
}

const MARK = "• ";

function markTitle(): void {
  if (!document.title.startsWith(MARK)) document.title = MARK + document.title;
  const unmark = () => {
    if (document.title.startsWith(MARK)) document.title = document.title.slice(MARK.length);
  };
  addEventListener("focus", unmark, { once: true });
}
