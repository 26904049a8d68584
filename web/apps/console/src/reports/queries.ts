// What the reports page asks the server.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { client } from "../backend/client";
import { type Interval, type Period, ZONE } from "./period";
import { type Subject, subjectQuery } from "./subject";

export function periodQuery(period: Period) {
  return { from: period.from, to: period.to, tz: ZONE };
}

const REFRESH_MS = 60_000;
/** What was shown stays, dimmed, until the answer is there. */
const SHARED = { refetchInterval: REFRESH_MS, placeholderData: keepPreviousData };

export function useOverview(period: Period, subject: Subject) {
  const query = { ...periodQuery(period), ...subjectQuery(subject) };
  return useQuery({
    queryKey: ["reports", "overview", query],
    queryFn: ({ signal }) => client.request("GET /api/analytics/overview", { query, signal }),
    ...SHARED,
  });
}

export function useSeries(period: Period, interval: Interval, subject: Subject) {
  const query = { ...periodQuery(period), ...subjectQuery(subject), interval };
  return useQuery({
    queryKey: ["reports", "series", query],
    queryFn: ({ signal }) => client.request("GET /api/analytics/series", { query, signal }),
    ...SHARED,
  });
}

export type Dimension = "agents" | "tags" | "channels";

export function useBreakdown(dimension: Dimension, period: Period) {
  const query = periodQuery(period);
  return useQuery({
    queryKey: ["reports", dimension, query],
    queryFn: ({ signal }) => client.request(`GET /api/analytics/${dimension}`, { query, signal }),
    ...SHARED,
  });
}

export function useRatings(period: Period) {
  const query = { ...periodQuery(period), limit: 20 };
  return useQuery({
    queryKey: ["reports", "ratings", query],
    queryFn: ({ signal }) => client.request("GET /api/analytics/ratings", { query, signal }),
    ...SHARED,
  });
}

export function useLiveBoard() {
  return useQuery({
    queryKey: ["reports", "live"],
    queryFn: ({ signal }) => client.request("GET /api/analytics/live", { signal }),
    refetchInterval: 5000,
  });
}

/** Hands a report to the browser as a file. */
export async function downloadCsv(name: string, query: Record<string, string>): Promise<void> {
  const search = new URLSearchParams({ ...query, format: "csv" });
  const blob = await client.download({ url: `/api/analytics/${name}?${search}` });
  const address = URL.createObjectURL(blob as Blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = query.from ? `${name}-${query.from}-${query.to}.csv` : `${name}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
