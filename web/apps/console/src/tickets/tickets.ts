// Tickets as the cache holds them: lists by view, single ones, counts. `applyTicket` is the one way in for news.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { client } from "../backend/client";
import { queryClient } from "../backend/query-client";
import type { Ticket, TicketCounts } from "../backend/types";
import { find, flatten, isNewer, place, remove, type TicketPage, type TicketPages } from "./placement";
import { belongs, type ListView, listQuery } from "./queues";

const PAGE = 100;

export const ticketKeys = {
  lists: ["tickets"] as const,
  list: (view: ListView) => ["tickets", view] as const,
  one: (ticketId: string) => ["ticket", ticketId] as const,
  counts: ["counts"] as const,
};

export function useTicketList(view: ListView) {
  return useInfiniteQuery({
    queryKey: ticketKeys.list(view),
    queryFn: ({ pageParam, signal }) =>
      listPage({ ...listQuery(view), ...(pageParam ? { cursor: pageParam } : {}) }, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    // What others do comes by events; see live.ts.
    refetchOnWindowFocus: false,
    select: (pages) => flatten(pages.pages),
  });
}

export function useTicket(ticketId: string, { isWanted = true } = {}) {
  return useQuery<Ticket>({
    queryKey: ticketKeys.one(ticketId),
    queryFn: ({ signal }) => findTicket(ticketId, signal),
    placeholderData: () => knownTicket(ticketId),
    enabled: isWanted,
  });
}

export function useCounts(): TicketCounts | undefined {
  const { data } = useQuery({
    queryKey: ticketKeys.counts,
    queryFn: ({ signal }) => client.request("GET /api/tickets/counts", { signal }),
    refetchInterval: 60_000,
  });
  return data;
}

export function listPage(query: Record<string, string>, signal?: AbortSignal): Promise<TicketPage> {
  return client.request("GET /api/tickets", {
    query: { ...query, limit: PAGE },
    ...(signal ? { signal } : {}),
  });
}

export function findTicket(ticketId: string, signal?: AbortSignal): Promise<Ticket> {
  return client.request("GET /api/tickets/{id}", { path: { id: ticketId }, ...(signal ? { signal } : {}) });
}

/** The newest state of a ticket that any list or page has loaded. */
export function knownTicket(ticketId: string): Ticket | undefined {
  const one = queryClient.getQueryData<Ticket>(ticketKeys.one(ticketId));
  const listed = loadedLists().map(([, pages]) => (pages ? find(pages, ticketId) : undefined));
  return [one, ...listed].reduce((best, other) => (other && (!best || isNewer(other, best)) ? other : best), undefined);
}

/** Puts a ticket's state where it belongs, in every loaded list. Older news than what is known change nothing. */
export function applyTicket(ticket: Ticket): void {
  const userId = client.session.state.get().user?.id ?? "";
  for (const [key, pages] of loadedLists()) {
    if (pages) queryClient.setQueryData(key, place(pages, ticket, belongs(key[1] as ListView, ticket, userId)));
  }
  queryClient.setQueryData<Ticket>(ticketKeys.one(ticket.ticket_id), (known) =>
    known && isNewer(known, ticket) ? known : ticket,
  );
}

export function forgetTicket(ticketId: string): void {
  for (const [key, pages] of loadedLists()) {
    if (pages) queryClient.setQueryData(key, remove(pages, ticketId));
  }
  queryClient.removeQueries({ queryKey: ticketKeys.one(ticketId) });
}

/** Asks anew for what is shown. Long lists are left to the changes that are asked for anyway. */
export function refreshTickets(): void {
  void queryClient.invalidateQueries({
    predicate: ({ queryKey, state }) =>
      queryKey[0] !== "tickets" || ((state.data as TicketPages | undefined)?.pages.length ?? 0) <= 3,
  });
}

function loadedLists() {
  return queryClient.getQueriesData<TicketPages>({ queryKey: ticketKeys.lists });
}
