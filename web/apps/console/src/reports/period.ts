// Which days a report is about. Pure: today is handed in.

export type PresetId = "7" | "30" | "90" | "365" | "custom";

export const PRESETS: { value: PresetId; label: string }[] = [
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "Year" },
  { value: "custom", label: "Custom" },
];

export interface Period {
  /** Days such as 2026-01-31; both are counted. */
  from: string;
  to: string;
}

export type Interval = "hour" | "day" | "week";

const MOST_DAYS = 366;
const DAY_MS = 86_400_000;

export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** What day it is in a zone. */
export function today(zone: string, now = Date.now()): string {
  // The one locale that writes days as ISO 8601 does.
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(
    now,
  );
}

export function lastDays(days: number, to: string): Period {
  return { from: dayAfter(to, 1 - days), to };
}

export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

export function daysOf({ from, to }: Period): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS) + 1;
}

/** What is wrong with it, in words; null for nothing. */
export function fault(period: Period): string | null {
  const days = daysOf(period);
  if (Number.isNaN(days)) return "Choose a first and a last day";
  if (days < 1) return "The last day is before the first";
  if (days > MOST_DAYS) return "At most 366 days";
  return null;
}

/** As fine as can be read. */
export function intervalOf(period: Period): Interval {
  const days = daysOf(period);
  if (days <= 2) return "hour";
  return days <= 92 ? "day" : "week";
}

/** A part of the period in words: "Mon 3 Nov", "14:00", "week of 3 Nov". `label` is the server's. */
export function partName(label: string, interval: Interval, isShort = false): string {
  if (interval === "hour") return label.slice(11, 16);
  const options = { timeZone: "UTC", day: "numeric", month: "short" } as const;
  const day = new Intl.DateTimeFormat("en-GB", isShort ? options : { ...options, weekday: "short" }).format(
    Date.parse(`${label}T00:00:00Z`),
  );
  return interval === "week" && !isShort ? `week of ${day}` : day;
}
