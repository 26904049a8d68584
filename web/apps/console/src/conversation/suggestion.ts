// A draft that was not written by hand: marked as such until it is sent, and taken back by one press. Kept while the page is
// open, since the draft is kept as well. The rest is pure.
import type { Assistance, AssistSource } from "../backend/bot";

export interface Suggestion {
  kind: Assistance["kind"];
  /** What stood there before. */
  before: string;
  sources: AssistSource[];
  model: string | null;
}

const suggestions = new Map<string, Suggestion>();

export function suggestionFor(ticketId: string): Suggestion | null {
  return suggestions.get(ticketId) ?? null;
}

export function keepSuggestion(ticketId: string, suggestion: Suggestion | null): void {
  if (suggestion) suggestions.set(ticketId, suggestion);
  else suggestions.delete(ticketId);
}

/** A reply is put behind what is written already; a draft said differently takes its place. */
export function inserted(draft: string, { kind, text }: Pick<Assistance, "kind" | "text">): string {
  if (kind !== "reply" || draft.trim() === "") return text;
  return `${draft.trimEnd()}\n\n${text}`;
}

export function suggestionWords({ kind, model }: Pick<Suggestion, "kind" | "model">): string {
  const by = model ? ` by ${model}` : "";
  if (kind === "translate") return `Translated${by}. Read it before you send it.`;
  if (kind === "rewrite") return `Said differently${by}. Read it before you send it.`;
  return `Suggested${by || " from your articles"}. Read it before you send it.`;
}
