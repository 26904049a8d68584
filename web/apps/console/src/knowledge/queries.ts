// What the knowledge pages ask the server, and what makes them ask anew.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { client } from "../backend/client";
import { queryClient } from "../backend/query-client";
import type { ArticleSummary, Collection, Run } from "../backend/types";

const PAGE = 100;
/** The list is searched here, in the page, and holds no more than this many hundreds. */
export const MOST_PAGES = 30;

export function useArticles() {
  return useQuery({
    queryKey: ["kb", "articles"],
    queryFn: ({ signal }) =>
      allPages<ArticleSummary>((cursor) =>
        client.request("GET /api/kb/articles", { query: { limit: PAGE, ...cursor }, signal }),
      ),
  });
}

export function useCollections() {
  return useQuery({
    queryKey: ["kb", "collections"],
    queryFn: ({ signal }) =>
      allPages<Collection>((cursor) =>
        client.request("GET /api/kb/collections", { query: { limit: PAGE, ...cursor }, signal }),
      ),
  });
}

/** By its id or its slug. */
export function useArticle(id: string) {
  return useQuery({
    queryKey: ["kb", "article", id],
    queryFn: ({ signal }) => client.request("GET /api/kb/articles/{id}", { path: { id }, signal }),
    // Somebody writes in it; what others change is told when it is saved.
    refetchOnWindowFocus: false,
    staleTime: 0,
  });
}

export function useVersions(id: string) {
  return useInfiniteQuery({
    queryKey: ["kb", "versions", id],
    queryFn: ({ pageParam, signal }) =>
      client.request("GET /api/kb/articles/{id}/versions", {
        path: { id },
        query: { limit: 20, ...(pageParam ? { cursor: pageParam } : {}) },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    select: ({ pages }) => pages.flatMap((page) => page.data),
  });
}

/** The last ones, asked for again while one is under way. */
export function useImports() {
  return useQuery({
    queryKey: ["kb", "imports"],
    queryFn: async ({ signal }) =>
      (await client.request("GET /api/kb/imports", { query: { limit: PAGE }, signal })).data,
    refetchInterval: ({ state }) => (state.data?.some((one) => one.ended_at === null) ? 1500 : false),
  });
}

export function useRuns(ticketId: string | null, limit = 20) {
  return useInfiniteQuery({
    queryKey: ["bot", "runs", ticketId, limit],
    queryFn: async ({ pageParam, signal }) => {
      const query = {
        limit,
        ...(ticketId ? { ticket_id: ticketId } : {}),
        ...(pageParam ? { cursor: pageParam } : {}),
      };
      return client.request("GET /api/bot/runs", { query, signal });
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    select: ({ pages }) => pages.flatMap((page): Run[] => page.data),
    refetchInterval: 60_000,
  });
}

export function refreshKnowledge(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: ["kb"] });
}

interface Listed<T> {
  data: T[];
  next_cursor?: string | null;
}

async function allPages<T>(ask: (cursor: { cursor?: string }) => Promise<Listed<T>>): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | null | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { data, next_cursor } = await ask(cursor ? { cursor } : {});
    all.push(...data);
    cursor = next_cursor;
    if (!cursor) break;
  }
  return all;
}
