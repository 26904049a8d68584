// One line of time out of messages, private notes and what happened to the ticket. Pure.
import type { AuditEntry, ConversationMessage, Note } from "../backend/types";
import { isTold } from "../tickets/history-words";

export type TimelineItem =
  | { kind: "day"; key: string; timestamp: string }
  | { kind: "unread"; key: string }
  | { kind: "message"; key: string; message: ConversationMessage; isFirst: boolean; isLast: boolean }
  | { kind: "note"; key: string; note: Note }
  | { kind: "event"; key: string; entry: AuditEntry };

interface Sources {
  messages: readonly ConversationMessage[];
  notes: readonly Note[];
  /** Newest first, as the server tells it. */
  history: readonly AuditEntry[];
  /** The `seq` of the last message that was read when the conversation was opened; null when all were. */
  readUpTo: number | null;
  /** False while older messages are not loaded: then notes and events from before them wait too. */
  isComplete: boolean;
}

/** Messages of one sender this close together are one group. */
const GROUP_MS = 5 * 60_000;

type Moment = { timestamp: string; item: Exclude<TimelineItem, { kind: "day" | "unread" }> };

export function timeline({ messages, notes, history, readUpTo, isComplete }: Sources): TimelineItem[] {
  const begin = isComplete ? "" : (messages[0]?.timestamp ?? "");
  const said = messages.map((message): Moment => {
    const item = { kind: "message", key: message.key, message, isFirst: true, isLast: true } as const;
    return { timestamp: message.timestamp, item };
  });
  const aside: Moment[] = [
    ...notes.map((note): Moment => ({ timestamp: note.timestamp, item: { kind: "note", key: note.note_id, note } })),
    ...[...history]
      .reverse()
      .filter(isTold)
      .map((entry): Moment => {
        const key = `${entry.kind} ${entry.timestamp} ${JSON.stringify(entry.data)}`;
        return { timestamp: entry.timestamp, item: { kind: "event", key, entry } };
      }),
  ].filter((moment) => moment.timestamp >= begin);
  const ordered = weave(
    said,
    aside.sort((one, other) => compare(one.timestamp, other.timestamp)),
  );
  return withSeparators(group(ordered), readUpTo);
}

/** Messages keep their order, whatever their clocks say; the rest goes between them by time, and before what it came with. */
function weave(said: Moment[], aside: Moment[]): Moment[] {
  const woven: Moment[] = [];
  let next = 0;
  for (const moment of said) {
    while (next < aside.length && compare(aside[next]?.timestamp ?? "", moment.timestamp) <= 0) {
      woven.push(aside[next++] as Moment);
    }
    woven.push(moment);
  }
  return [...woven, ...aside.slice(next)];
}

function group(moments: Moment[]): Moment[] {
  return moments.map((moment, index) => {
    if (moment.item.kind !== "message") return moment;
    const isFirst = !continues(moments[index - 1], moment);
    const isLast = !continues(moment, moments[index + 1]);
    return { ...moment, item: { ...moment.item, isFirst, isLast } };
  });
}

function continues(before: Moment | undefined, after: Moment | undefined): boolean {
  if (before?.item.kind !== "message" || after?.item.kind !== "message") return false;
  const isSame = before.item.message.sender.id === after.item.message.sender.id;
  const gap = Date.parse(after.timestamp) - Date.parse(before.timestamp);
  return isSame && gap < GROUP_MS && dayOf(before.timestamp) === dayOf(after.timestamp);
}

function withSeparators(moments: Moment[], readUpTo: number | null): TimelineItem[] {
  const items: TimelineItem[] = [];
  let day = "";
  let isMarked = readUpTo === null;
  for (const { timestamp, item } of moments) {
    if (dayOf(timestamp) !== day) {
      day = dayOf(timestamp);
      items.push({ kind: "day", key: `day ${day} ${items.length}`, timestamp });
    }
    if (!isMarked && item.kind === "message" && !item.message.own && (item.message.seq ?? 0) > (readUpTo ?? 0)) {
      isMarked = true;
      items.push({ kind: "unread", key: "unread" });
    }
    items.push(item);
  }
  return items;
}

function dayOf(timestamp: string): string {
  return new Date(timestamp).toDateString();
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
