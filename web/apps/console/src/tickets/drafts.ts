// What somebody began to write, per person, ticket and kind, kept in the browser until it is sent or emptied. Whoever else
// signs in on this browser sees nothing of it.
import { keep, kept, keptKeys } from "../browser/storage";

export type DraftKind = "reply" | "note";

export interface DraftPlace {
  userId: string;
  ticketId: string;
  kind: DraftKind;
}

const PREFIX = "smilechat:console:draft:";
const KINDS: DraftKind[] = ["reply", "note"];
const listeners = new Set<() => void>();

export function readDraft(place: DraftPlace): string {
  return kept(keyOf(place)) ?? "";
}

export function writeDraft(place: DraftPlace, text: string): void {
  const had = readDraft(place) !== "";
  const has = text.trim() !== "";
  keep(keyOf(place), has ? text : null);
  if (had !== has) tell();
}

export function hasDraft(userId: string, ticketId: string): boolean {
  return KINDS.some((kind) => readDraft({ userId, ticketId, kind }) !== "");
}

/** Calls `listener` when any draft begins or ends; the answer ends it. */
export function onDrafts(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Forgets all that one person wrote, when they sign out. */
export function forgetDrafts(userId: string): void {
  for (const key of keptKeys()) if (key.startsWith(`${PREFIX}${userId}:`)) keep(key, null);
  tell();
}

/** Where something of one's own is kept until it is done: forgotten with the rest. */
export function draftKey(userId: string, kind: string, id: string): string {
  return `${PREFIX}${userId}:${kind}:${id}`;
}

function keyOf({ userId, ticketId, kind }: DraftPlace): string {
  return draftKey(userId, kind, ticketId);
}

function tell(): void {
  for (const listener of listeners) listener();
}
