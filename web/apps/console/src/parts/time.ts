// Times in words, short and without surprises. Pure.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** English, in the order of day and month that the reader is used to. */
const LOCALE = navigator.language.startsWith("en") ? navigator.language : "en-GB";

/** For a list: "now", "5m", "3h", "Tue", "12 Oct", "12 Oct 2024". */
export function shortTime(timestamp: string, now = Date.now()): string {
  const then = Date.parse(timestamp);
  const age = now - then;
  if (age < MINUTE) return "now";
  if (age < HOUR) return `${Math.floor(age / MINUTE)}m`;
  if (age < DAY) return `${Math.floor(age / HOUR)}h`;
  if (age < 6 * DAY) return format(then, { weekday: "short" });
  return dateLabel(then, now);
}

/** For a sentence: "just now", "5 minutes ago", "on 12 Oct". */
export function sinceWhen(timestamp: string, now = Date.now()): string {
  const age = now - Date.parse(timestamp);
  if (age < MINUTE) return "just now";
  if (age < HOUR) return plural(Math.floor(age / MINUTE), "minute");
  if (age < DAY) return plural(Math.floor(age / HOUR), "hour");
  if (age < 30 * DAY) return plural(Math.floor(age / DAY), "day");
  return `on ${dateLabel(Date.parse(timestamp), now)}`;
}

export function clockTime(timestamp: string): string {
  return format(Date.parse(timestamp), { hour: "2-digit", minute: "2-digit" });
}

/** For a separator: "Today", "Yesterday", "Tuesday 12 October". */
export function dayLabel(timestamp: string, now = Date.now()): string {
  const then = new Date(timestamp);
  if (then.toDateString() === new Date(now).toDateString()) return "Today";
  if (then.toDateString() === new Date(now - DAY).toDateString()) return "Yesterday";
  const isThisYear = then.getFullYear() === new Date(now).getFullYear();
  const year = isThisYear ? {} : { year: "numeric" as const };
  return format(then.getTime(), { weekday: "long", day: "numeric", month: "long", ...year });
}

export function fullTime(timestamp: string): string {
  return format(Date.parse(timestamp), { dateStyle: "medium", timeStyle: "short" });
}

function dateLabel(then: number, now: number): string {
  const isThisYear = new Date(then).getFullYear() === new Date(now).getFullYear();
  return format(then, { day: "numeric", month: "short", ...(isThisYear ? {} : { year: "numeric" }) });
}

function format(time: number, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(LOCALE, options).format(time);
}

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
}
