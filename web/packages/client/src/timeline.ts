/**
 * The messages of one ticket that are known here, each once and by `seq`, with their marks; and how a message is shown.
 * Used by a conversation. Knows no network.
 *
 * **Invariants:** from `first` to `last` there is no hole; marks never go back; a message that did not change is the
 * same object as before, so that a page need not draw it again.
 */
import type { Message, Ticket, User } from "./api.js";
import type { MessageDelivered, MessageRead } from "./events.js";
import type { ConversationMessage, MessageState } from "./public.js";

/** How far back a new join looks for marks that were set while away; one page. */
const LOOK_BACK = 200;

export interface Timeline {
  /** Whether the newest page has been here: only then does what follows `last` suffice. */
  isAnchored: boolean;
  /** All without a hole, then what came early. */
  list(): readonly Message[];
  /** The lowest and the highest `seq` of the part without a hole; null while empty. */
  first(): number | null;
  last(): number | null;
  hasHole(): boolean;
  has(clientId: string): boolean;
  take(messages: readonly Message[]): void;
  read(event: MessageRead): void;
  delivered(event: MessageDelivered): void;
  /** After which `seq` to join again: late enough to be short, early enough to hear of marks. */
  rejoinAfter(): number;
}

export function createTimeline(isOwn: (message: Message) => boolean): Timeline {
  const bySeq = new Map<number, Message>();
  const clientIds = new Set<string>();
  let sorted: readonly Message[] = [];
  let last: number | null = null;

  const sort = () => {
    sorted = [...bySeq.values()].sort((a, b) => a.seq - b.seq);
    last = null;
    for (const { seq } of sorted) {
      if (last !== null && seq !== last + 1) break;
      last = seq;
    }
  };
  const mark = (ids: readonly string[], marks: Partial<Message>, upTo: number) => {
    const named = new Set(ids);
    for (const message of sorted) {
      const isMeant = message.seq <= upTo && named.has(message.message_id);
      if (isMeant) bySeq.set(message.seq, newest(message, { ...message, ...marks }));
    }
    sort();
  };

  return {
    isAnchored: false,
    list: () => sorted,
    first: () => sorted[0]?.seq ?? null,
    last: () => last,
    hasHole: () => last !== sorted.at(-1)?.seq && sorted.length > 0,
    has: (clientId) => clientIds.has(clientId),
    take(messages) {
      for (const message of messages) {
        const known = bySeq.get(message.seq);
        bySeq.set(message.seq, known ? newest(known, message) : message);
        if (message.client_id && isOwn(message)) clientIds.add(message.client_id);
      }
      sort();
    },
    read: ({ message_ids, up_to_seq, read_at }) =>
      mark(message_ids, { is_read: true, read_at, delivered_at: read_at }, up_to_seq),
    delivered: ({ message_ids, up_to_seq, delivered_at }) => mark(message_ids, { delivered_at }, up_to_seq),
    rejoinAfter() {
      const end = last ?? 0;
      const unread = sorted.find(({ seq, is_read }) => !is_read && seq > end - LOOK_BACK);
      return Math.min(end, (unread?.seq ?? Number.POSITIVE_INFINITY) - 1);
    },
  };
}

/** The one of two versions that knows more; `known` itself if the other brings nothing. */
function newest(known: Message, other: Message): Message {
  const read_at = known.read_at ?? other.read_at;
  const delivered_at = known.delivered_at ?? other.delivered_at;
  const is_read = known.is_read || other.is_read;
  const isSame = read_at === known.read_at && delivered_at === known.delivered_at && is_read === known.is_read;
  return isSame ? known : { ...known, read_at, delivered_at, is_read };
}

/** Whether the user wrote it; what they wrote as a guest was theirs, too. */
export function isOwnMessage(message: Message, user: User, ticket: Ticket | null): boolean {
  const isCustomer = ticket?.customer_id === user.id;
  return message.sender_id === user.id || (isCustomer && message.sender.role === "customer");
}

export function showStored(message: Message, own: boolean): ConversationMessage {
  const reached: MessageState = message.is_read ? "read" : message.delivered_at ? "delivered" : "sent";
  const { message_id, seq, sender, message_content, kind, attachments, timestamp } = message;
  return {
    key: (own && message.client_id) || message_id,
    state: own ? reached : "received",
    own,
    message_id,
    seq,
    sender,
    message_content,
    kind,
    attachments,
    timestamp,
    error: null,
  };
}
