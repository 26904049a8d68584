// What happened to a ticket, in a sentence. Pure.
import type { AuditEntry } from "../backend/types";
import { reasonWords } from "../parts/run-words";

export type NameOf = (userId: string) => string;

/** "Ben took the ticket", "Olivia closed it". `meId` is who reads it. */
export function historyWords(entry: AuditEntry, meId: string, nameOf: NameOf): string {
  const data = entry.data as Record<string, unknown>;
  const who = entry.actor_id ? (entry.actor_id === meId ? "You" : nameOf(entry.actor_id)) : null;
  const name = (id: unknown) => (typeof id !== "string" ? "nobody" : id === meId ? "you" : nameOf(id));
  switch (entry.kind) {
    case "ticket_created":
      return who ? `${who} opened the ticket` : "The ticket was opened";
    case "ticket_assigned":
      return `Given to ${name(data.support_id)} automatically`;
    case "ticket_updated":
      return updateWords(data, entry.actor_id ?? null, who, name);
    case "bot_state_changed":
      return data.state === "bot"
        ? `${who ?? "The server"} gave it back to the bot`
        : `The bot passed it on: ${reasonWords(String(data.reason))}`;
    case "ticket_rated":
      return `${who ?? "The customer"} rated it ${String(data.score)} of 5`;
    case "guest_identified":
      return "The visitor turned out to be a known customer";
    default:
      return entry.kind.replaceAll("_", " ");
  }
}

/** What the line of time shows by itself, or what says nothing to a reader, is no event. */
export function isTold(entry: AuditEntry): boolean {
  if (entry.kind === "note_added") return false;
  const { state, bot_state } = entry.data as { state?: unknown; bot_state?: unknown };
  // Of a move between bot and people one of two entries is told: who took it over, or why the bot has it or not.
  if (entry.kind === "bot_state_changed" && state === "human") return false;
  if (entry.kind === "ticket_updated" && bot_state && bot_state !== "human") return false;
  const isByServer = entry.kind === "ticket_updated" && !entry.actor_id;
  // The server's own choice stands beside it as `ticket_assigned`, with its reason.
  return !(isByServer && Object.keys(entry.data as object).join() === "support_id");
}

function updateWords(
  data: Record<string, unknown>,
  actorId: string | null,
  who: string | null,
  name: (id: unknown) => string,
): string {
  const subject = who ?? "The server";
  if (data.status === "closed") return `${subject} closed the ticket`;
  if (data.status === "open" && "closed_at" in data) return `${subject} reopened the ticket`;
  const steps = Object.entries(data).flatMap(([field, value]): string[] => {
    if (field === "support_id") {
      if (value === null) return ["put it back for others"];
      return [value === actorId ? "took the ticket" : `gave it to ${name(value)}`];
    }
    if (field === "status" && !("support_id" in data))
      return [value === "open" ? "put it back for others" : "began to work on it"];
    if (field === "priority") return [`set the priority to ${String(value)}`];
    if (field === "tags")
      return [Array.isArray(value) && value.length > 0 ? `set the tags to ${value.join(", ")}` : "removed the tags"];
    if (field === "subject") return ["changed the subject"];
    if (field === "bot_state" && !("support_id" in data)) return ["took over from the bot"];
    if (field === "custom") return ["changed the details"];
    if (field === "customer_id") return ["moved it to another customer"];
    return [];
  });
  return `${subject} ${steps.length > 0 ? steps.join(" and ") : "changed the ticket"}`;
}
