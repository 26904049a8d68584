// Keeps the inbox live by the socket's events. After every reconnect or sleep, and now and then, it asks for what has
// changed, so that nothing that is shown is stale for long, whatever was missed.
import { client } from "../backend/client";
import { queryClient } from "../backend/query-client";
import type { Ticket, TicketActivity } from "../backend/types";
import { announce } from "../browser/notices";
import { mergeActivity, mergeUpdate } from "./activity";
import { isArrival } from "./arrivals";
import { applyTicket, findTicket, forgetTicket, knownTicket, listPage, refreshTickets, ticketKeys } from "./tickets";

const ASK_MS = 60_000;
/** Clocks of several servers may disagree by a little; what is asked for twice does no harm. */
const OVERLAP_MS = 3_000;
const MOST_PAGES = 5;

/** For as long as somebody of the staff is signed in; the answer ends it. */
export function startLive(userId: string): () => void {
  let since = "";
  /** The newest activity when all began: what is older is no news. */
  let begun = "";
  let asking: Promise<void> | null = null;
  let isOver = false;

  const take = (ticket: Ticket) => {
    const before = knownTicket(ticket.ticket_id);
    applyTicket(ticket);
    const isNews = begun !== "" && (before !== undefined || ticket.updated_at > begun);
    if (isNews && isArrival(before, ticket, userId)) announce(ticket);
    if (begun !== "" && ticket.updated_at > since) since = ticket.updated_at;
    refreshCounts();
  };

  const takeActivity = (activity: TicketActivity) => {
    const known = knownTicket(activity.ticket_id);
    if (known) return take(mergeActivity(known, activity));
    // It stands in no list that is loaded; what it is decides where it belongs. Gone by now: nothing to show.
    findTicket(activity.ticket_id).then(
      (ticket) => !isOver && take(ticket),
      () => {},
    );
  };

  const ask = () => {
    if (asking) return;
    asking = changes(since)
      .then(({ tickets, isCut }) => {
        if (isOver) return;
        for (const ticket of tickets.reverse()) if (isNews(ticket)) take(ticket);
        since ||= tickets.at(-1)?.updated_at ?? new Date().toISOString();
        begun ||= since;
        if (isCut) refreshTickets();
      })
      // The connection's state says it already; the next round asks again.
      .catch(() => {})
      .finally(() => {
        asking = null;
      });
  };

  const stops = [
    client.connect(),
    client.on("ticket_created", ({ ticket }) => take(ticket)),
    client.on("ticket_activity", takeActivity),
    client.on("ticket_updated", ({ ticket }) => {
      take(mergeUpdate(knownTicket(ticket.ticket_id), ticket));
      void queryClient.invalidateQueries({ queryKey: ["history", ticket.ticket_id] });
    }),
    client.on("ticket_deleted", ({ ticket_id }) => {
      forgetTicket(ticket_id);
      refreshCounts();
    }),
    client.on("ticket_note", (note) => void queryClient.invalidateQueries({ queryKey: ["notes", note.ticket_id] })),
    client.on("ticket_rated", ({ ticket_id }) => {
      void queryClient.invalidateQueries({ queryKey: ["rating", ticket_id] });
      void queryClient.invalidateQueries({ queryKey: ["history", ticket_id] });
    }),
    client.on("message_read", ({ ticket_id, up_to_seq, reader_id }) => {
      const ticket = knownTicket(ticket_id);
      const isAll = ticket && up_to_seq >= ticket.last_seq && reader_id !== ticket.customer_id;
      if (isAll && ticket.unread_count > 0) applyTicket({ ...ticket, unread_count: 0 });
    }),
    onReturn(() => {
      refreshTickets();
      ask();
    }),
    every(ASK_MS, ask),
  ];
  ask();
  return () => {
    isOver = true;
    for (const stop of stops) stop();
  };
}

function isNews(ticket: Ticket): boolean {
  const known = knownTicket(ticket.ticket_id);
  return !known || known.updated_at < ticket.updated_at || known.unread_count !== ticket.unread_count;
}

async function changes(since: string): Promise<{ tickets: Ticket[]; isCut: boolean }> {
  if (since === "") return { tickets: (await listPage({})).data.slice(0, 1), isCut: false };
  const after = new Date(Date.parse(since) - OVERLAP_MS).toISOString();
  const tickets: Ticket[] = [];
  let cursor: string | null | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { data, next_cursor } = await listPage({ updated_after: after, ...(cursor ? { cursor } : {}) });
    tickets.push(...data);
    cursor = next_cursor;
    if (!cursor) return { tickets, isCut: false };
  }
  return { tickets, isCut: true };
}

let countsTimer: ReturnType<typeof setTimeout> | null = null;

/** A busy minute brings many events: one question answers for all of them. */
function refreshCounts(): void {
  if (countsTimer) return;
  countsTimer = setTimeout(() => {
    countsTimer = null;
    void queryClient.invalidateQueries({ queryKey: ticketKeys.counts });
  }, 300);
}

/** Calls back whenever the connection is live again. */
function onReturn(back: () => void): () => void {
  let wasLive = client.connection.get() === "live";
  return client.connection.subscribe((state) => {
    if (state === "live" && !wasLive) back();
    wasLive = state === "live";
  });
}

function every(ms: number, run: () => void): () => void {
  const timer = setInterval(run, ms);
  return () => clearInterval(timer);
}
