// Notes and history of a ticket: what stands between the messages.
import { useQuery } from "@tanstack/react-query";
import { client } from "../backend/client";
import type { AuditEntry, Note } from "../backend/types";

const MOST = 100;

export function useNotes(ticketId: string): Note[] {
  const { data } = useQuery({
    queryKey: ["notes", ticketId],
    queryFn: async ({ signal }) => {
      const path = { id: ticketId };
      return (await client.request("GET /api/tickets/{id}/notes", { path, query: { limit: MOST }, signal })).data;
    },
  });
  return data ?? NO_NOTES;
}

export function useHistory(ticketId: string): AuditEntry[] {
  const { data } = useQuery({
    queryKey: ["history", ticketId],
    queryFn: async ({ signal }) => {
      const path = { id: ticketId };
      return (await client.request("GET /api/tickets/{id}/history", { path, query: { limit: MOST }, signal })).data;
    },
  });
  return data ?? NO_HISTORY;
}

const NO_NOTES: Note[] = [];
const NO_HISTORY: AuditEntry[] = [];
