// People by id: staff all at once, customers one by one as rows come into view.
import { useQuery } from "@tanstack/react-query";
import { client } from "../backend/client";
import { useObservable } from "../backend/observe";
import { queryClient } from "../backend/query-client";
import type { Person, Status } from "../backend/types";

const LONG = 5 * 60_000;

export function usePerson(userId: string | null | undefined, isWanted = true): Person | undefined {
  const { data } = useQuery({
    queryKey: ["person", userId],
    queryFn: ({ signal }) => client.request("GET /api/users/{user_id}", { path: { user_id: userId ?? "" }, signal }),
    enabled: isWanted && Boolean(userId),
    staleTime: LONG,
    refetchOnWindowFocus: false,
  });
  return data;
}

/** Everybody who may hold tickets. */
export function useStaff(): Person[] {
  const { data } = useQuery({
    queryKey: ["staff"],
    queryFn: ({ signal }) => allStaff(signal),
    staleTime: LONG,
  });
  return data ?? [];
}

/** A colleague's name, as far as it is loaded. */
export function staffName(userId: string): string {
  const staff = queryClient.getQueryData<Person[]>(["staff"]) ?? [];
  return staff.find((person) => person.id === userId)?.name ?? "A colleague";
}

export function usePresence(userId: string | null | undefined): Status {
  const online = useObservable(client.online);
  return online.find((user) => user.user_id === userId)?.status ?? "offline";
}

async function allStaff(signal: AbortSignal): Promise<Person[]> {
  const staff: Person[] = [];
  let cursor: string | null | undefined;
  do {
    const query = { limit: 100, ...(cursor ? { cursor } : {}) };
    const page = await client.request("GET /api/users", { query, signal });
    staff.push(
      ...page.data.filter((person) => !person.is_disabled && person.roles.some((role) => role !== "customer")),
    );
    cursor = page.next_cursor;
  } while (cursor);
  return staff.sort((one, other) => one.name.localeCompare(other.name));
}
