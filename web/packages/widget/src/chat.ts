/**
 * Owns the visitor's session and which conversation is theirs. Fetched once somebody writes or has written before: it
 * brings the client package with it. Used by the widget.
 * Invariant: a visitor who only looks gets no account, and there is one conversation at a time.
 */
import {
  type Client,
  type Conversation,
  type ConversationMessage,
  createClient,
  localStorageOrMemory,
  type Ticket,
  watchBrowser,
} from "@smilechat/client";
import { tell } from "./events";
import { follow } from "./follow";
import type { Visitor, WidgetState } from "./state";
import { keep, kept, onOtherTab } from "./storage";
import { addStyles } from "./stylesheet";
import { followWriting } from "./writing";

export type Proof = Parameters<Client["session"]["identify"]>[0];

export interface Chat {
  /** Shows the conversation begun earlier, here or in another tab, if there is one. */
  resume(): Promise<void>;
  /** The conversation, or a new one whose ticket is made with its first message. */
  begin(): Promise<Conversation>;
  identify(proof: Proof): Promise<void>;
  /** Signs out and forgets, so that whoever uses this browser next sees nothing. */
  end(): Promise<void>;
}

interface Place {
  server: string;
  apiKey: string | undefined;
  /** What the keys in the storage begin with. */
  prefix: string;
  get(): WidgetState;
  set(change: Partial<WidgetState>): void;
}

/** One name for the unsent conversation: it is found again after a reload, and two tabs share it. */
const UNSENT = "widget";
/** So long a first message waits for what its visitor said of themselves. */
const INTRODUCTION_PATIENCE = 3_000;

export function openChat({ server, apiKey, prefix, get, set }: Place): Chat {
  const client = createClient({
    url: server,
    storage: localStorageOrMemory(),
    storagePrefix: prefix,
    ...(apiKey !== undefined && { apiKey }),
  });
  const { session } = client;
  set({ client });

  let leave = () => {};
  const adopt = (conversation: Conversation) => {
    leave();
    const stopFollowing = follow(conversation, {
      unread(unread) {
        if (unread === get().unread) return;
        set({ unread });
        tell("unread", { count: unread });
      },
      arrived(message) {
        if (!get().isOpen) set({ preview: { text: inBrief(message), sender: message.sender } });
      },
      wantsSound: () => get().settings.sound && !get().isMuted,
      titleFor: (message) => `${get().language.texts.newMessage} · ${message.sender.name}`,
    });
    // Other tabs learn of a new ticket by the storage.
    const askWhenClosed = async (ticket: Ticket | null) => {
      if (ticket?.status !== "closed" || get().ask) return;
      try {
        if (!(await client.request("GET /api/widget")).ask_rating) return;
        const { ask, styles } = await import("./view/Rating");
        addStyles(styles);
        set({ ask });
      } catch {
        // Then nobody is asked: it is no reason to trouble a visitor.
      }
    };
    void askWhenClosed(conversation.ticket.get());
    const stopAsking = conversation.ticket.subscribe((ticket) => void askWhenClosed(ticket));
    const stopTelling = conversation.ticketId.subscribe((ticket) => keep("localStorage", `${prefix}:ticket`, ticket));
    const stopReading = followWriting(client, conversation, (delta) => set({ delta }));
    leave = () => {
      stopReading();
      stopFollowing();
      stopTelling();
      stopAsking();
    };
    set({ conversation, stage: "ready" });
    return conversation;
  };
  const abandon = () => {
    leave();
    leave = () => {};
    if (get().unread) tell("unread", { count: 0 });
    set({ conversation: null, stage: "none", unread: 0, preview: null });
  };

  const findEarlier = async (): Promise<Conversation | null> => {
    if ((await session.ready()).status !== "signed_in") {
      // A session that has ended is no reason to load all this at the next page, too.
      if (kept("localStorage", `${prefix}:session`) === '"expired"') keep("localStorage", `${prefix}:session`, null);
      return null;
    }
    if ((await client.unsentDrafts()).includes(UNSENT)) return client.newConversation({ draft: UNSENT });
    const newest = (await client.request("GET /api/tickets", { query: { limit: 1 } })).data[0];
    return newest ? client.conversation(newest.ticket_id) : null;
  };
  const isShown = () => get().conversation !== null && !get().conversation?.error.get();
  const look = async () => {
    if (!isShown()) set({ stage: "opening" });
    try {
      const earlier = await findEarlier();
      if (earlier) adopt(earlier);
      else if (!isShown()) abandon();
    } catch {
      if (!isShown()) set({ stage: "failed" });
    }
  };
  let looking: Promise<void> | null = null;
  const resume = () => {
    looking ??= look().finally(() => {
      looking = null;
    });
    return looking;
  };

  const start = async () => {
    await session.ready();
    await session.anonymous();
    const { visitor } = get();
    if (visitor) await introduce(client, visitor);
    return adopt(client.newConversation({ draft: UNSENT, ...(get().wantsPerson && { bot: false }) }));
  };
  let starting: Promise<Conversation> | null = null;

  const endings = [
    watchBrowser(client),
    onOtherTab(`${prefix}:ticket`, (ticket) => ticket && !get().conversation?.ticketId.get() && void resume()),
    session.state.subscribe(({ status }) => {
      if (status !== "signed_out" || !get().conversation) return;
      abandon();
      set({ isIdentified: false });
    }),
  ];

  return {
    resume,
    async begin() {
      // An earlier conversation comes first: a second one beside it would confuse both sides.
      if (looking || get().stage === "failed") await resume();
      const { conversation, stage } = get();
      if (conversation) return conversation;
      if (stage === "failed") throw new Error("The earlier conversation could not be loaded.");
      starting ??= start().finally(() => {
        starting = null;
      });
      return starting;
    },
    async identify(proof) {
      const before = (await session.ready()).user;
      const { id } = await session.identify(proof);
      set({ isIdentified: true });
      if (id === before?.id && get().conversation) return;
      abandon();
      await resume();
    },
    async end() {
      for (const end of endings) end();
      abandon();
      keep("localStorage", `${prefix}:ticket`, null);
      await session.ready();
      await session.signOut();
      client.close();
    },
  };
}

/** A preview has no room for where an answer of the bot comes from. */
function inBrief({ kind, message_content }: ConversationMessage): string {
  return kind === "bot" ? message_content.replace(/(?:\n+[^\n]+: (?:https?:\/)?\/\S+)+$/i, "") : message_content;
}

/** What visitors said of themselves goes first where it can, and never keeps their message from going out. */
async function introduce(client: Client, { name, email }: Visitor): Promise<void> {
  if (!name && !email) return;
  const told = client.session.updateProfile({ ...(name && { name }), ...(email && { email }) });
  const enough = new Promise<void>((done) => setTimeout(done, INTRODUCTION_PATIENCE));
  await Promise.race([told.catch(() => {}), enough]);
}
