// People by id: staff all at once, customers as rows come into view, many in one question.
import { ApiError } from "@smilechat/client";
import { useQuery } from "@tanstack/react-query";
import { client } from "../backend/client";
import { useObservable } from "../backend/observe";
import { queryClient } from "../backend/query-client";
import type { Person, Status } from "../backend/types";

const LONG = 5 * 60_000;
/** Rows that come into view together ask together. */
const GATHER_MS = 15;
const MOST_IDS = 100;

export function usePerson(userId: string | null | undefined, isWanted = true): Person | undefined {
  const { data } = useQuery({
    queryKey: ["person", userId],
    queryFn: () => loadPerson(userId ?? ""),
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
    queryFn: async ({ signal }) => (await allStaff(signal)).filter((person) => !person.is_disabled),
    staleTime: LONG,
  });
  return data ?? NOBODY;
}

const NOBODY: Person[] = [];

/** A colleague's name, as far as it is loaded. */
export function staffName(userId: string): string {
  const staff = queryClient.getQueryData<Person[]>(["staff"]) ?? [];
  return staff.find((person) => person.id === userId)?.name ?? "A colleague";
}

export function usePresence(userId: string | null | undefined): Status {
  const online = useObservable(client.online);
  return online.find((user) => user.user_id === userId)?.status ?? "offline";
}

export async function allStaff(signal: AbortSignal): Promise<Person[]> {
  const staff: Person[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await client.request("GET /api/users", {
      query: { kind: "staff", limit: 100, ...(cursor ? { cursor } : {}) },
      signal,
    });
    staff.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor);
  return staff.sort((one, other) => one.name.localeCompare(other.name));
}

interface Waiting {
  resolve: (person: Person) => void;
  reject: (error: unknown) => void;
}

let gathering: Map<string, Waiting[]> | null = null;

function loadPerson(userId: string): Promise<Person> {
  return new Promise((resolve, reject) => {
    if (!gathering) {
      gathering = new Map();
      setTimeout(loadGathered, GATHER_MS);
    }
    gathering.set(userId, [...(gathering.get(userId) ?? []), { resolve, reject }]);
  });
}

async function loadGathered(): Promise<void> {
  const asked = [...(gathering ?? [])];
  gathering = null;
  for (let from = 0; from < asked.length; from += MOST_IDS) {
    const some = asked.slice(from, from + MOST_IDS);
    try {
      const { data } = await client.request("GET /api/users", {
        query: { ids: some.map(([id]) => id).join(), limit: MOST_IDS },
      });
      const people = new Map(data.map((person) => [person.id, person]));
      for (const [id, waiting] of some) settle(waiting, people.get(id));
    } catch (error) {
      for (const one of some.flatMap(([, waiting]) => waiting)) one.reject(error);
    }
  }
}

function settle(waiting: Waiting[], person: Person | undefined): void {
  for (const { resolve, reject } of waiting) {
    if (person) resolve(person);
    else reject(new ApiError(404, "not_found", "There is nobody of that id."));
  }
}
