// The hours of a week as they are edited: some for each day. Pure.
import type { Opening } from "../../backend/types";

export type Day = Opening["day"];

export const DAYS: { id: Day; name: string }[] = [
  { id: "mon", name: "Monday" },
  { id: "tue", name: "Tuesday" },
  { id: "wed", name: "Wednesday" },
  { id: "thu", name: "Thursday" },
  { id: "fri", name: "Friday" },
  { id: "sat", name: "Saturday" },
  { id: "sun", name: "Sunday" },
];

/** "9", "9:5" and "0905" as the server wants them; what is no time stays as it is typed. */
export function tidyTime(text: string): string {
  const match = /^\s*(\d{1,2})(?:[:.h]?(\d{1,2}))?\s*$/u.exec(text);
  if (!match) return text.trim();
  const [hour, minute] = [Number(match[1]), Number(match[2] ?? 0)];
  return isTime(hour, minute) ? `${two(hour)}:${two(minute)}` : text.trim();
}

export function fault({ from, to }: Pick<Opening, "from" | "to">): string | null {
  if (!isWellFormed(from) || !isWellFormed(to)) return "As in 09:00";
  return from < to ? null : "Ends before it begins";
}

/** The day's hours are these now; the days stay in their order. */
export function withDay(hours: readonly Opening[], day: Day, of: Pick<Opening, "from" | "to">[]): Opening[] {
  return DAYS.flatMap(({ id }) =>
    id === day ? of.map((one) => ({ day: id, ...one })) : hours.filter((other) => other.day === id),
  );
}

/** Those of Monday from Monday to Friday. */
export function likeMonday(hours: readonly Opening[]): Opening[] {
  const monday = hours.filter(({ day }) => day === "mon").map(({ from, to }) => ({ from, to }));
  return (["tue", "wed", "thu", "fri"] as const).reduce<Opening[]>((all, day) => withDay(all, day, monday), [...hours]);
}

function isWellFormed(time: string): boolean {
  return /^\d\d:\d\d$/.test(time) && isTime(Number(time.slice(0, 2)), Number(time.slice(3)));
}

function isTime(hour: number, minute: number): boolean {
  return (hour < 24 && minute < 60) || (hour === 24 && minute === 0);
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
