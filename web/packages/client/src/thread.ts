/**
 * What the server has of a conversation: its stored messages, how far they are read, who types; joined to the ticket's
 * room while somebody looks. Loaded with the socket; made and owned by a conversation.
 *
 * **Invariant:** a thread is one ticket's, seen by one user: when another signs in, the conversation makes another.
 */
import type { Message, Page, Ticket, User } from "./api.js";
import { ApiError } from "./error.js";
import type { ServerEvent, ServerEvents, Viewer } from "./events.js";
import type { Source } from "./observable.js";
import type { Parts } from "./parts.js";
import type { ConnectionState, ConversationMessage, Typist } from "./public.js";
import { createReading } from "./reading.js";
import { createReplay, type Replay } from "./replay.js";
import { createTimeline, isOwnMessage, showStored } from "./timeline.js";
import { createTyping } from "./typing.js";

const OLDER = 50;

export interface Thread {
  messages(): readonly ConversationMessage[];
  /** Whether this own message is stored. */
  has(clientId: string): boolean;
  /** Messages of the other side that this side has not read. */
  unread(): number;
  hasOlder(): boolean;
  take(messages: readonly Message[]): void;
  hear<E extends ServerEvent>(event: E, payload: ServerEvents[E]): void;
  /** Joins the room and stays there, or leaves off. */
  follow(isLooking: boolean): void;
  /** Looks for what may have been missed. */
  catchUp(): void;
  loadOlder(): Promise<void>;
  setTyping(isTyping: boolean): void;
  /** What was typed is sent. */
  sent(): void;
  markRead(): void;
}

/** What a thread shows by itself. */
export interface Shown {
  readonly ticket: Source<Ticket | null>;
  readonly typing: Source<readonly Typist[]>;
  readonly viewers: Source<readonly Viewer[]>;
  readonly error: Source<ApiError | null>;
}

export interface ThreadParts extends Parts {
  ticketId: string;
  user: User;
  shown: Shown;
  /** Its messages, marks or counts are others than before. */
  onChange(): void;
  onState(state: ConnectionState): void;
}

export function createThread(parts: ThreadParts): Thread {
  const { environment, http, session, connection, ticketId, user, shown, onChange } = parts;
  const { ticket, viewers, error } = shown;
  let views = new WeakMap<Message, ConversationMessage>();
  let replay: Replay | null = null;
  let readUpTo = 0;
  /** Unread ones among those that are not loaded. */
  let unreadBefore = 0;

  const isOwn = (message: Message) => isOwnMessage(message, user, ticket.get());
  const timeline = createTimeline(isOwn);
  const isOurs = (isCustomer: boolean) => {
    const customer = ticket.get()?.customer_id;
    return isCustomer === (customer ? customer === user.id : user.role === "customer");
  };
  const isUnread = ({ is_read, seq, sender }: Message) =>
    !is_read && seq > readUpTo && !isOurs(sender.role === "customer");
  const unreadLoaded = () => timeline.list().filter(isUnread).length;
  const view = (message: Message) => {
    const made = views.get(message) ?? showStored(message, isOwn(message));
    views.set(message, made);
    return made;
  };
  const setTicket = (next: Ticket) => {
    // Whose a guest's messages are shows with the ticket.
    if (ticket.get()?.customer_id !== next.customer_id) views = new WeakMap();
    ticket.set(next);
  };
  const take = (messages: readonly Message[]) => {
    timeline.take(messages);
    onChange();
    if (timeline.isAnchored && timeline.hasHole()) replay?.run();
  };
  const takePage = (of: Ticket | null, page: readonly Message[]) => {
    if (of) setTicket(of);
    timeline.take(page);
    if (of && timeline.last() === of.last_seq) {
      unreadBefore = timeline.first() === 1 ? 0 : Math.max(0, of.unread_count - unreadLoaded());
    }
    onChange();
  };

  const typing = createTyping(environment, shown.typing, (is_typing) => {
    if (connection.connected.get()) {
      void connection.emit("typing", { ticket_id: ticketId, is_typing }).catch(() => {});
    }
  });
  const reading = createReading(environment, async (up_to_seq) => {
    if (connection.connected.get()) {
      await connection.emit("message_read", { ticket_id: ticketId, up_to_seq });
      return;
    }
    const message = timeline.list().find(({ seq }) => seq === up_to_seq);
    const path = `/api/messages/${message?.message_id}/read`;
    await http.json({ method: "PUT", path, token: await session.accessToken() });
  });

  const stop = () => {
    replay?.stop();
    replay = null;
    typing.clear();
  };
  const refuse = (reason: ApiError) => {
    stop();
    error.set(reason);
    parts.onState("offline");
  };
  const hear: { [E in ServerEvent]?: (payload: ServerEvents[E]) => void } = {
    chat_message(message) {
      typing.hear({ user_id: message.sender_id, is_typing: false });
      take([message]);
    },
    message_read(event) {
      timeline.read(event);
      if (isOurs(event.reader_id === ticket.get()?.customer_id)) unreadBefore = 0;
      onChange();
    },
    message_delivered(event) {
      timeline.delivered(event);
      onChange();
    },
    typing: (event) => event.user_id !== user.id && typing.hear(event),
    resync: () => replay?.run(),
    ticket_updated: (event) => setTicket(event.ticket),
    ticket_viewers: (event) => viewers.set(event.viewers),
    ticket_deleted: () => refuse(new ApiError(404, "not_found", "The ticket was deleted.")),
  };

  return {
    messages: () => timeline.list().map(view),
    has: timeline.has,
    unread: () => unreadBefore + unreadLoaded(),
    hasOlder: () => (timeline.first() ?? 1) > 1,
    take,
    hear: (event, payload) => hear[event]?.(payload as never),
    catchUp: () => replay?.run(),
    setTyping: typing.signal,
    sent: typing.sent,
    follow(isLooking) {
      stop();
      if (!isLooking) return reading.stop();
      error.set(null);
      replay = createReplay({
        ...parts,
        timeline,
        onPage: takePage,
        onRefused: refuse,
        onState(state) {
          if (state === "live") reading.repeat();
          else typing.clear();
          parts.onState(state);
        },
      });
    },
    async loadOlder() {
      const before_seq = timeline.first();
      if (!before_seq || before_seq === 1) return;
      const page = await http.json<Page<Message>>({
        method: "GET",
        path: `/api/messages/${ticketId}`,
        query: { before_seq, limit: OLDER },
        token: await session.accessToken(),
      });
      const before = unreadLoaded();
      timeline.take(page.data);
      unreadBefore = Math.max(0, unreadBefore - (unreadLoaded() - before));
      onChange();
    },
    markRead() {
      const newest = timeline.list().filter(isUnread).at(-1)?.seq;
      if (!newest && !unreadBefore) return;
      readUpTo = newest ?? timeline.last() ?? 0;
      unreadBefore = 0;
      reading.upTo(readUpTo);
      onChange();
    },
  };
}
