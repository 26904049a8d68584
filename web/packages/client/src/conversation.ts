/**
 * One conversation: what is stored (`timeline`), what is unsent (`outbox`), who types, how far all is read; joined to
 * the ticket's room while it is open. Made by the client, which hands it the socket's events.
 *
 * **Invariant:** it belongs to one user: when another signs in, it starts anew.
 */
import type { Message, Page, Ticket } from "./api.js";
import type { Delivery } from "./delivery.js";
import { ApiError } from "./error.js";
import type { OnlineUser, ServerEvent, ServerEvents, Viewer } from "./events.js";
import { loadLive } from "./load.js";
import { type Observable, source } from "./observable.js";
import { add, begin, type Change, type Entry, remove, revive } from "./outbox.js";
import type { Parts } from "./parts.js";
import { freshId } from "./platform.js";
import type { ConnectionState, Conversation, ConversationMessage, NewConversation } from "./public.js";
import { createReading } from "./reading.js";
import type { Replay } from "./replay.js";
import { createTimeline, isOwnMessage, showStored, showUnsent } from "./timeline.js";
import { createTyping } from "./typing.js";

const OLDER = 50;

/** A conversation, and what the client does with it. */
export interface LiveConversation extends Conversation {
  hear<E extends ServerEvent>(event: E, payload: ServerEvents[E]): void;
  /** The server has stored or told these. */
  take(messages: readonly Message[]): void;
  isOpen(): boolean;
  close(): void;
}

export interface ConversationParts extends Parts {
  delivery: Delivery;
  online: Observable<readonly OnlineUser[]>;
  ticketId: string | null;
  /** Of a new one. */
  draft: { name: string; details: NewConversation } | null;
  onState(): void;
  /** Nobody has it open any more; the client knows whether the room is to be left. */
  onClosed(ticketId: string | null): void;
}

export function createConversation(parts: ConversationParts): LiveConversation {
  const { environment, http, session, connection, outbox, delivery, draft } = parts;
  const ticketId = source(parts.ticketId);
  const ticket = source<Ticket | null>(null);
  const messages = source<readonly ConversationMessage[]>([]);
  const viewers = source<readonly Viewer[]>([]);
  const unread = source(0);
  const hasOlder = source(false);
  const error = source<ApiError | null>(null);
  const state = source<ConnectionState>(ticketId.get() ? "offline" : "live");
  let user = session.user();
  let openers = 0;
  let replay: Replay | null = null;
  let release = () => {};
  let shown = new WeakMap<Message | Entry, ConversationMessage>();
  let unsent: readonly Entry[] = [];
  /** Sent by another tab, and not seen stored yet. */
  let lingering: readonly Entry[] = [];
  let readUpTo = 0;
  /** Unread ones among those that are not loaded. */
  let unreadBefore = 0;

  const isOwn = (message: Message) => user !== null && isOwnMessage(message, user, ticket.get());
  const isOnOurSide = (isCustomer: boolean) => {
    const customer = ticket.get()?.customer_id;
    return isCustomer === (customer ? customer === user?.id : user?.role === "customer");
  };
  const isUnread = (message: Message) =>
    !message.is_read && message.seq > readUpTo && !isOnOurSide(message.sender.role === "customer");
  const unreadLoaded = () => timeline.list().filter(isUnread).length;
  let timeline = createTimeline(isOwn);

  const view = (one: Message | Entry): ConversationMessage => {
    const known = shown.get(one);
    if (known) return known;
    const made = "seq" in one ? showStored(one, isOwn(one)) : showUnsent(one, user as NonNullable<typeof user>);
    shown.set(one, made);
    return made;
  };
  const show = () => {
    const waiting = user ? [...lingering, ...unsent].filter((entry) => !timeline.has(entry.client_id)) : [];
    const next = [...timeline.list(), ...waiting].map(view);
    const now = messages.get();
    if (next.length !== now.length || next.some((message, place) => message !== now[place])) messages.set(next);
    hasOlder.set((timeline.first() ?? 1) > 1);
    unread.set(unreadBefore + unreadLoaded());
  };
  const setTicket = (next: Ticket) => {
    // Whose a guest's messages are shows with the ticket.
    if (ticket.get()?.customer_id !== next.customer_id) shown = new WeakMap();
    ticket.set(next);
  };
  const take = (page: readonly Message[]) => {
    timeline.take(page);
    show();
    if (timeline.isAnchored && timeline.hasHole()) replay?.run();
  };
  const setState = (next: ConnectionState) => {
    if (next === "live") lingering = [];
    show();
    state.set(next);
    parts.onState();
  };

  const typing = createTyping(environment, (is_typing) => {
    if (!connection.connected.get() || !ticketId.get()) return;
    void connection.emit("typing", { ticket_id: ticketId.get(), is_typing }).catch(() => {});
  });
  const newReading = () =>
    createReading(environment, async (up_to_seq) => {
      if (connection.connected.get()) await connection.emit("message_read", { ticket_id: ticketId.get(), up_to_seq });
      else {
        const path = `/api/messages/${timeline.list().find(({ seq }) => seq === up_to_seq)?.message_id}/read`;
        await http.json({ method: "PUT", path, token: await session.accessToken() });
      }
    });
  let reading = newReading();

  const stop = () => {
    replay?.stop();
    replay = null;
    release();
    release = () => {};
  };
  const start = async () => {
    const id = ticketId.get();
    stop();
    if (!id || !openers) return setState(id ? "offline" : "live");
    error.set(null);
    release = connection.hold();
    const mine = release;
    const { createReplay } = await loadLive(environment);
    // Meanwhile it may have been closed, or opened anew.
    if (mine !== release) return;
    replay = createReplay({
      environment,
      session,
      http,
      connection,
      timeline,
      ticketId: id,
      onState(next) {
        setState(next);
        if (next === "live") reading.repeat();
      },
      onRefused: refuse,
      onPage(next, page) {
        if (next) setTicket(next);
        timeline.take(page);
        if (next && timeline.last() === next.last_seq) {
          unreadBefore = timeline.first() === 1 ? 0 : Math.max(0, next.unread_count - unreadLoaded());
        }
        show();
      },
    });
  };
  const refuse = (reason: ApiError) => {
    stop();
    error.set(reason);
    setState("offline");
  };
  const bind = (id: string) => {
    if (ticketId.get()) return;
    ticketId.set(id);
    void start();
  };
  const followOutbox = () => {
    const { entries, drafts } = outbox.kept.get();
    const made = drafts.find(({ name }) => name === draft?.name)?.ticket_id;
    if (made) bind(made);
    const id = ticketId.get();
    const mine = entries.filter((entry) => (id && entry.ticket_id === id) || (draft && entry.draft === draft.name));
    const isGone = (entry: Entry) => mine.every(({ client_id }) => client_id !== entry.client_id);
    const sentElsewhere = unsent.filter((entry) => !entry.failed && isGone(entry) && !timeline.has(entry.client_id));
    unsent = mine;
    if (sentElsewhere.length && openers) {
      lingering = [...lingering, ...sentElsewhere];
      replay?.run();
    }
    show();
  };
  const followUser = () => {
    const next = session.user();
    const isAnother = next?.id !== user?.id;
    user = next;
    if (!isAnother) return;
    timeline = createTimeline(isOwn);
    reading = newReading();
    shown = new WeakMap();
    [unsent, lingering, readUpTo, unreadBefore] = [[], [], 0, 0];
    ticket.set(null);
    viewers.set([]);
    typing.clear();
    followOutbox();
    void start();
  };
  const subscriptions = [
    outbox.kept.subscribe(followOutbox),
    session.state.subscribe(followUser),
    connection.connected.subscribe((isConnected) => {
      if (!isConnected) typing.clear();
    }),
  ];
  followOutbox();

  const hear: { [E in ServerEvent]?: (payload: ServerEvents[E]) => void } = {
    chat_message(message) {
      typing.hear({ user_id: message.sender_id, is_typing: false });
      take([message]);
    },
    message_read(event) {
      timeline.read(event);
      if (isOnOurSide(event.reader_id === ticket.get()?.customer_id)) unreadBefore = 0;
      show();
    },
    message_delivered(event) {
      timeline.delivered(event);
      show();
    },
    typing: (event) => event.user_id !== user?.id && typing.hear(event),
    resync: () => replay?.run(),
    ticket_updated: (event) => setTicket(event.ticket),
    ticket_viewers: (event) => viewers.set(event.viewers),
    ticket_deleted: () => refuse(new ApiError(404, "not_found", "The ticket was deleted.")),
  };

  const requireUser = async () => {
    await session.ready();
    if (!session.user()) throw new ApiError(401, "signed_out", "Nobody is signed in.");
  };
  /** The draft as it is kept once something is to be sent. */
  const beginDraft = (subject: string) =>
    begin({
      name: draft?.name ?? "",
      ticket_id: null,
      idempotency_key: freshId(environment),
      details: { ...draft?.details, subject: draft?.details.subject ?? subjectFrom(subject) },
    });
  const requireTicket = async (subject: string) => {
    await requireUser();
    const id = ticketId.get();
    if (id) return id;
    await outbox.change(beginDraft(subject));
    return delivery.ticketOf(draft?.name ?? "");
  };

  return {
    draft: draft?.name ?? null,
    ticketId,
    ticket,
    messages,
    typing: typing.typists,
    online: parts.online,
    viewers,
    unread,
    connection: state,
    hasOlder,
    error,
    take,
    isOpen: () => openers > 0,
    open() {
      openers += 1;
      if (openers === 1) void start();
      let isOpen = true;
      return () => {
        if (!isOpen) return;
        isOpen = false;
        openers -= 1;
        if (openers) return;
        reading.stop();
        typing.clear();
        void start();
        parts.onClosed(ticketId.get());
      };
    },
    async loadOlder() {
      const before_seq = timeline.first();
      if (!before_seq || before_seq === 1) return;
      const page = await http.json<Page<Message>>({
        method: "GET",
        path: `/api/messages/${ticketId.get()}`,
        query: { before_seq, limit: OLDER },
        token: await session.accessToken(),
      });
      const before = unreadLoaded();
      timeline.take(page.data);
      unreadBefore = Math.max(0, unreadBefore - (unreadLoaded() - before));
      show();
    },
    async send(text, attachments = []) {
      // Shown in this very moment, if it is known whose it is.
      if (!session.user()) await requireUser();
      const entry: Entry = {
        client_id: freshId(environment),
        ticket_id: ticketId.get(),
        draft: ticketId.get() ? null : (draft?.name ?? null),
        message_content: text,
        attachments: [...attachments],
        timestamp: new Date(environment.now()).toISOString(),
        failed: null,
      };
      typing.sent();
      const started = entry.draft ? beginDraft(text || attachments[0]?.name || "") : asItIs;
      await outbox.change((kept) => add(entry)(started(kept)));
      delivery.flush();
      return entry.client_id;
    },
    async retry(key) {
      const isSpoilt = unsent.find(({ client_id }) => client_id === key)?.failed?.code === "client_id_reused";
      await outbox.change(revive(key, isSpoilt ? freshId(environment) : key));
      delivery.flush();
    },
    discard: (key) => outbox.change(remove(key)),
    async upload(files, options) {
      const id = await requireTicket(files[0]?.name ?? "");
      const { upload } = await loadLive(environment);
      return upload(http, await session.accessToken(), id, files, options);
    },
    setTyping: typing.signal,
    markRead() {
      const newest = timeline.list().filter(isUnread).at(-1)?.seq;
      if (!newest && !unreadBefore) return;
      readUpTo = newest ?? timeline.last() ?? 0;
      unreadBefore = 0;
      reading.upTo(readUpTo);
      show();
    },
    hear(event, payload) {
      hear[event]?.(payload as never);
    },
    close() {
      for (const end of subscriptions) end();
      openers = 0;
      typing.clear();
      stop();
    },
  };
}

const asItIs: Change = (kept) => kept;

/** A ticket's subject out of what was written first. */
function subjectFrom(text: string): string {
  const line = text.trim().split(/[\r\n]/, 1)[0] ?? "";
  return [...line.replace(/\p{Cc}/gu, " ")].slice(0, 100).join("") || "…";
}
