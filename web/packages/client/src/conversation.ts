/**
 * One conversation as a host sees it: what is stored (the `thread`, once it is loaded) and after it what is unsent (the
 * `outbox`). Made by the client, which hands it the socket's events.
 */
import type { Message, Ticket } from "./api.js";
import type { ApiError } from "./error.js";
import type { OnlineUser, ServerEvent, ServerEvents, Viewer } from "./events.js";
import { loadLive } from "./load.js";
import { type Observable, source } from "./observable.js";
import { add, begin, type Change, type Entry, remove, revive } from "./outbox.js";
import type { Parts } from "./parts.js";
import { freshId } from "./platform.js";
import type { ConnectionState, Conversation, ConversationMessage, NewConversation, Typist } from "./public.js";
import type { Thread } from "./thread.js";
import { showUnsent } from "./unsent.js";

/** A conversation, and what the client does with it. */
export interface LiveConversation extends Conversation {
  hear<E extends ServerEvent>(event: E, payload: ServerEvents[E]): void;
  /** The server has stored these. */
  take(messages: readonly Message[]): void;
  isOpen(): boolean;
  close(): void;
}

export interface ConversationParts extends Parts {
  online: Observable<readonly OnlineUser[]>;
  ticketId: string | null;
  /** Of a new one. */
  draft: { name: string; details: NewConversation } | null;
  /** Something is to be sent. */
  flush(): void;
  /** The draft's ticket; made if there is none yet. */
  ticketOf(draft: string): Promise<string>;
  onState(): void;
  /** Nobody has it open any more; the client knows whether the room is to be left. */
  onClosed(ticketId: string | null): void;
}

export function createConversation(parts: ConversationParts): LiveConversation {
  const { environment, http, session, connection, outbox, draft } = parts;
  const ticketId = source(parts.ticketId);
  const messages = source<readonly ConversationMessage[]>([]);
  const unread = source(0);
  const hasOlder = source(false);
  const state = source<ConnectionState>(parts.ticketId ? "offline" : "live");
  const shown = {
    ticket: source<Ticket | null>(null),
    typing: source<readonly Typist[]>([]),
    viewers: source<readonly Viewer[]>([]),
    error: source<ApiError | null>(null),
  };
  let user = session.user();
  let openers = 0;
  let release = () => {};
  let loading: Promise<Thread | null> | null = null;
  let thread: Thread | null = null;
  let unsent: readonly Entry[] = [];
  /** Sent by another tab, and not seen stored yet. */
  let lingering: readonly Entry[] = [];

  const show = () => {
    const waiting = [...lingering, ...unsent].filter((entry) => !thread?.has(entry.client_id));
    const now = messages.get();
    const all = [...(thread?.messages() ?? []), ...waiting.flatMap((entry) => (user ? showUnsent(entry, user) : []))];
    // What is shown already stays the same object, so that a page need not draw it again.
    const next = all.map((message, place) => {
      const known = now[place];
      return known && isSame(message, known) ? known : message;
    });
    if (next.length !== now.length || next.some((message, place) => message !== now[place])) messages.set(next);
    hasOlder.set(thread?.hasOlder() ?? false);
    unread.set(thread?.unread() ?? 0);
  };
  const setState = (next: ConnectionState) => {
    if (next === "live") lingering = [];
    show();
    state.set(next);
    parts.onState();
  };
  const loadThread = (): Promise<Thread | null> => {
    const [id, who] = [ticketId.get(), user];
    if (!id || !who) return Promise.resolve(null);
    const mine = loadLive(environment).then(({ createThread }) => {
      // Meanwhile another may have signed in.
      if (mine !== loading) return null;
      thread = createThread({ ...parts, ticketId: id, user: who, shown, onChange: show, onState: setState });
      if (openers) thread.follow(true);
      return thread;
    });
    loading ??= mine;
    return loading;
  };
  /** Follows what has changed: whether it is open, whose it is, whether it has a ticket. */
  const follow = () => {
    release();
    release = () => {};
    const isFollowed = openers > 0 && ticketId.get() !== null;
    if (isFollowed) release = connection.hold();
    if (thread) thread.follow(isFollowed);
    else if (isFollowed) void loadThread();
    if (!isFollowed) setState(ticketId.get() ? "offline" : "live");
  };
  const followOutbox = () => {
    const { entries, drafts } = outbox.kept.get();
    const made = drafts.find(({ name }) => name === draft?.name)?.ticket_id;
    const isNew = made && !ticketId.get();
    if (isNew) ticketId.set(made);
    const id = ticketId.get();
    const mine = entries.filter((entry) => (id && entry.ticket_id === id) || (draft && entry.draft === draft.name));
    const isGone = (entry: Entry) => mine.every(({ client_id }) => client_id !== entry.client_id);
    const sentElsewhere = unsent.filter((entry) => !entry.failed && isGone(entry) && !thread?.has(entry.client_id));
    unsent = mine;
    if (sentElsewhere.length && openers) {
      lingering = [...lingering, ...sentElsewhere];
      thread?.catchUp();
    }
    // What is sent is to be shown as stored.
    if (mine.length && !thread) void loadThread();
    if (isNew) follow();
    show();
  };
  const followUser = () => {
    const next = session.user();
    const isAnother = next?.id !== user?.id;
    user = next;
    if (!isAnother) return;
    thread?.follow(false);
    [thread, loading, unsent, lingering] = [null, null, [], []];
    shown.ticket.set(null);
    shown.viewers.set([]);
    followOutbox();
    follow();
  };
  const subscriptions = [outbox.kept.subscribe(followOutbox), session.state.subscribe(followUser)];
  followOutbox();

  /** The draft as it is kept once something is to be sent. */
  const beginDraft = (subject: string) =>
    begin({
      name: draft?.name ?? "",
      ticket_id: null,
      idempotency_key: freshId(environment),
      details: { ...draft?.details, subject: draft?.details.subject ?? subjectFrom(subject) },
    });
  const requireTicket = async (subject: string) => {
    await session.requireUser();
    const id = ticketId.get();
    if (id) return id;
    await outbox.change(beginDraft(subject));
    return parts.ticketOf(draft?.name ?? "");
  };

  return {
    ...shown,
    draft: draft?.name ?? null,
    ticketId,
    messages,
    online: parts.online,
    unread,
    connection: state,
    hasOlder,
    open() {
      openers += 1;
      if (openers === 1) follow();
      let isOpen = true;
      return () => {
        if (!isOpen) return;
        isOpen = false;
        openers -= 1;
        if (openers) return;
        follow();
        parts.onClosed(ticketId.get());
      };
    },
    loadOlder: async () => (await loadThread())?.loadOlder(),
    async send(text, attachments = []) {
      // Shown in this very moment, if it is known whose it is.
      if (!session.user()) await session.requireUser();
      const entry: Entry = {
        client_id: freshId(environment),
        ticket_id: ticketId.get(),
        draft: ticketId.get() ? null : (draft?.name ?? null),
        message_content: text,
        attachments: [...attachments],
        timestamp: new Date(environment.now()).toISOString(),
        failed: null,
      };
      thread?.sent();
      const started = entry.draft ? beginDraft(text || attachments[0]?.name || "") : asItIs;
      await outbox.change((kept) => add(entry)(started(kept)));
      parts.flush();
      return entry.client_id;
    },
    async retry(key) {
      const isSpoilt = unsent.find(({ client_id }) => client_id === key)?.failed?.code === "client_id_reused";
      await outbox.change(revive(key, isSpoilt ? freshId(environment) : key));
      parts.flush();
    },
    discard(key) {
      unsent = unsent.filter(({ client_id }) => client_id !== key);
      return outbox.change(remove(key));
    },
    async upload(files, options) {
      const id = await requireTicket(files[0]?.name ?? "");
      const { upload } = await loadLive(environment);
      return upload(environment, http, await session.accessToken(), id, files, options);
    },
    setTyping: (isTyping) => thread?.setTyping(isTyping),
    markRead: () => thread?.markRead(),
    take: (stored) => thread?.take(stored),
    hear: (event, payload) => thread?.hear(event, payload),
    isOpen: () => openers > 0,
    close() {
      for (const end of subscriptions) end();
      openers = 0;
      loading = null;
      follow();
    },
  };
}

const isSame = (one: unknown, other: unknown): boolean =>
  one === other || JSON.stringify(one) === JSON.stringify(other);

const asItIs: Change = (kept) => kept;

/** A ticket's subject out of what was written first. */
function subjectFrom(text: string): string {
  const line = text.trim().split(/[\r\n]/, 1)[0] ?? "";
  return [...line.replace(/\p{Cc}/gu, " ")].slice(0, 100).join("") || "…";
}
