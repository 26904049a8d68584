/**
 * Owns the visitor's session and which conversation is theirs. Loaded once somebody writes or has written before: it
 * brings the client package with it. Invariant: a visitor who only looks gets no account.
 */
import {
  ApiError,
  type Client,
  type Conversation,
  createClient,
  localStorageOrMemory,
  watchBrowser,
} from "@smilechat/client";
import { keep, onOtherTab } from "./storage";

export { follow } from "./follow";

export interface Visitor {
  name?: string;
  email?: string;
}

export type Proof = Parameters<Client["session"]["identify"]>[0];

export interface Chat {
  client: Client;
  /** The conversation begun earlier, here or in another tab, if there is one. */
  resume(): Promise<Conversation | null>;
  /** A conversation to write into; its ticket is made with the first message. */
  begin(visitor: Visitor | null): Promise<Conversation>;
  identify(proof: Proof): Promise<void>;
  /** Signs out and forgets, so that whoever uses this browser next sees nothing. */
  forget(): Promise<void>;
  close(): void;
}

/** One name for the unsent conversation: it is found again after a reload, and two tabs share it. */
const DRAFT = "widget";

export function openChat(url: string, apiKey: string | undefined, prefix: string, onElsewhere: () => void): Chat {
  const client = createClient({
    url,
    storage: localStorageOrMemory(),
    storagePrefix: prefix,
    ...(apiKey !== undefined && { apiKey }),
  });
  const endings = [watchBrowser(client), onOtherTab(`${prefix}:ticket`, (ticket) => ticket && onElsewhere())];

  /** Other tabs learn of a ticket by the storage. */
  const announce = (conversation: Conversation) => {
    endings.push(conversation.ticketId.subscribe((ticket) => keep("localStorage", `${prefix}:ticket`, ticket)));
    return conversation;
  };

  return {
    client,
    async resume() {
      const session = await client.session.ready();
      if (session.status !== "signed_in") return null;
      if ((await client.unsentDrafts()).includes(DRAFT)) return announce(client.newConversation({ draft: DRAFT }));
      const tickets = await client.request("GET /api/tickets", { query: { limit: 1 } });
      const newest = tickets.data[0];
      return newest ? client.conversation(newest.ticket_id) : null;
    },
    async begin(visitor) {
      await client.session.ready();
      await client.session.anonymous();
      if (visitor?.name || visitor?.email) await introduce(client, visitor);
      return announce(client.newConversation({ draft: DRAFT }));
    },
    async identify(proof) {
      await client.session.ready();
      await client.session.identify(proof);
    },
    async forget() {
      keep("localStorage", `${prefix}:ticket`, null);
      await client.session.signOut();
    },
    close() {
      for (const end of endings) end();
      client.close();
    },
  };
}

/** What the visitor said of themselves must not keep the message from going out. */
async function introduce(client: Client, { name, email }: Visitor): Promise<void> {
  try {
    await client.session.updateProfile({ ...(name && { name }), ...(email && { email }) });
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 422)) throw error;
  }
}
