/**
 * Owns how messages are laid out: which stand together, and where the time is told. Used by the list.
 * Invariant: every message is in exactly one row, in the order given.
 */
import type { ConversationMessage } from "@smilechat/client";

export type Row =
  | { kind: "time"; key: string; at: number }
  | { kind: "event"; key: string; text: string }
  | { kind: "group"; key: string; own: boolean; messages: ConversationMessage[] };

const SAME_GROUP = 5 * 60_000;
const NEW_TIME = 45 * 60_000;

export function rowsOf(messages: readonly ConversationMessage[]): Row[] {
  const rows: Row[] = [];
  let before: { at: number; sender: string } | null = null;
  for (const message of messages) {
    const at = Date.parse(message.timestamp);
    if (!before || at - before.at > NEW_TIME || !sameDay(at, before.at))
      rows.push({ kind: "time", key: `time ${message.key}`, at });
    const last = rows.at(-1);
    if (message.kind === "event") {
      rows.push({ kind: "event", key: message.key, text: message.message_content });
    } else if (last?.kind === "group" && before?.sender === message.sender.id && at - before.at < SAME_GROUP) {
      last.messages.push(message);
    } else {
      rows.push({ kind: "group", key: message.key, own: message.own, messages: [message] });
    }
    before = { at, sender: message.sender.id };
  }
  return rows;
}

/** One to three emoji and nothing else: shown large, without a bubble. */
export function isEmojiOnly(text: string): boolean {
  return /^(?:\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\u{FE0F})*(?:\u{200D}\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\u{FE0F})*)*\s*){1,3}$/u.test(
    text,
  );
}

function sameDay(one: number, other: number): boolean {
  return new Date(one).toDateString() === new Date(other).toDateString();
}
