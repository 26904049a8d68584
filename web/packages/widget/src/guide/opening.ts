/** Owns how it is said whether people are there, and when they are back. */
import { fill } from "../languages";
import { guideTexts } from "../languages/guide";
import type { WidgetState } from "../state";
import type { Profile } from "./index";

/** By the hours that are told; where none are, by who is online just now. */
export function openingWords(profile: Pick<Profile, "is_open" | "opens">, { language, settings }: WidgetState): string {
  const { texts, code } = language;
  const isThere = profile.is_open ?? settings.isStaffed;
  if (isThere) return texts.staffed;
  const when = profile.opens ? moment(profile.opens, code) : null;
  return when ? fill(guideTexts(code).backAt, { when }) : texts.unstaffed;
}

/** `2026-01-31 09:00 (Europe/Berlin)` as the visitor writes it; the zone is told to those who live in another. */
function moment(opens: string, code: string): string | null {
  const [, day, time, zone] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d) \((.+)\)$/.exec(opens) ?? [];
  const at = new Date(`${day}T${time === "24:00" ? "23:59" : time}`);
  if (!zone || Number.isNaN(at.getTime())) return null;
  const words = at.toLocaleString(code, {
    weekday: "long",
    day: "numeric",
    month: "long",
    hour: "2-digit",
    minute: "2-digit",
  });
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return zone === here ? words : `${words} (${zone.replaceAll("_", " ")})`;
}
