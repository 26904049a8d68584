/** Owns how times are written, in the reader's language. Used by the list. */

export function clock(at: number, language: string): string {
  return new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" }).format(at);
}

/** "today 14:32", "yesterday 9:05", "Mon, 3 Nov 9:05". */
export function dayAndClock(at: number, now: number, language: string): string {
  const days = Math.round((startOfDay(at) - startOfDay(now)) / 86_400_000);
  const day =
    days === 0 || days === -1
      ? new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(days, "day")
      : new Intl.DateTimeFormat(language, {
          weekday: "short",
          day: "numeric",
          month: "short",
          ...(new Date(at).getFullYear() !== new Date(now).getFullYear() && { year: "numeric" }),
        }).format(at);
  return `${day.charAt(0).toLocaleUpperCase(language)}${day.slice(1)} ${clock(at, language)}`;
}

function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}
