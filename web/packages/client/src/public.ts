/**
 * The client as its users see it: these types are the whole of it, and nothing here runs.
 * `createClient` (client.ts) makes a `Client`.
 */
import type {
  AbortSignalLike,
  Answer,
  Attachment,
  CallArguments,
  Endpoint,
  Message,
  Priority,
  Role,
  Sender,
  Status,
  Ticket,
  User,
} from "./api.js";
import type { ApiError } from "./error.js";
import type { OnlineUser, ServerEvent, ServerEvents, Viewer } from "./events.js";
import type { Observable } from "./observable.js";
import type { Environment } from "./platform.js";
import type { KeyValueStorage } from "./storage.js";

export interface ClientOptions {
  /** Where the server is: `https://chat.example.com`. */
  url: string;
  /** The publishable key (`pk_…`) of the tenant; none for the tenant `default`. */
  apiKey?: string;
  /** Memory, if absent: a reload forgets who is signed in and what was not sent. */
  storage?: KeyValueStorage;
  /** What the keys in the storage begin with: `<prefix>:session` and so on. `smilechat` if absent. */
  storagePrefix?: string;
  /** Time, randomness and network, for tests and for unusual hosts. */
  environment?: Partial<Environment>;
}

export interface Client {
  readonly url: string;
  readonly session: SessionControl;
  /** Of the one socket: nothing is shown live unless this is `live`. */
  readonly connection: Observable<ConnectionState>;
  /** Null while there is no socket. */
  readonly transport: Observable<Transport | null>;
  /** Who is online: for staff everybody, for customers the staff who have their tickets. */
  readonly online: Observable<readonly OnlineUser[]>;

  /** A call of the REST API with the session's token: `request("GET /api/tickets", { query: { status: "open" } })`. Throws `ApiError`. */
  request<E extends Endpoint>(endpoint: E, ...options: CallArguments<E>): Promise<Answer<E>>;
  /** The bytes behind an attachment's `url`, or another path of the API; the browser's way to show them is `URL.createObjectURL`. */
  download(
    attachment: Pick<Attachment, "url">,
    options?: { size?: "thumb"; signal?: AbortSignalLike },
  ): Promise<BlobLike>;

  /** The conversation of a ticket: the same one each time, as long as it is in use. */
  conversation(ticketId: string): Conversation;
  /** A conversation whose ticket is made when its first message is sent. */
  newConversation(options?: NewConversation): Conversation;
  /** Drafts of new conversations that hold unsent messages from before a reload: open them with `newConversation({ draft })`. */
  unsentDrafts(): Promise<string[]>;

  /** Listens to an event of the socket; the answer ends it. Needs `connect()` or an open conversation. */
  on<E extends ServerEvent>(event: E, listener: (payload: ServerEvents[E]) => void): () => void;
  /** Keeps the socket open (the inbox needs that; an open conversation does it by itself); the answer ends it. */
  connect(): () => void;
  /** What this user is seen as while connected. */
  setStatus(status: Status): void;

  /** For hosts that know it: the device has, or has lost, its network. */
  setOnline(isOnline: boolean): void;
  /** For hosts that know it: the page or app has come back to the front. Checks at once whether the socket still lives. */
  wake(): void;
  /** Ends everything; what is unsent stays in the storage. */
  close(): void;
}

/** `catching_up`: connected, and what was missed is still on its way. */
export type ConnectionState = "offline" | "catching_up" | "live";

/** How the socket goes: `polling` where the network lets no WebSocket through, or not yet. */
export type Transport = "websocket" | "polling";

export type SessionState =
  /** The storage has not answered yet. */
  | { status: "restoring"; user: null }
  /** `expired`: the server ended it; `signed_out`: somebody asked for it, perhaps in another tab. */
  | { status: "signed_out"; user: null; reason: "none" | "expired" | "signed_out" }
  | { status: "signed_in"; user: User };

export interface SessionControl {
  readonly state: Observable<SessionState>;
  /** Once the storage has answered. */
  ready(): Promise<SessionState>;
  /** With `totp_required` as the error's code: ask for the one-time code and call again with it. */
  login(credentials: { username: string; password: string; totp?: string }): Promise<User>;
  register(registration: NewUser): Promise<User>;
  /** A guest; with the session of one already, that one. */
  anonymous(): Promise<User>;
  /** A customer whom your own server vouches for; a guest's tickets and unsent messages move along. */
  identify(proof: { token: string } | { user_id: string; user_hash: string }): Promise<User>;
  switchRole(role: Role): Promise<User>;
  updateProfile(patch: ProfilePatch): Promise<User>;
  /** Signs out here even if the server cannot be told. What is unsent is forgotten. */
  signOut(options?: { everywhere?: boolean }): Promise<void>;
  /** A token that is good for at least half a minute more; refreshed if need be, once for all who ask. */
  accessToken(): Promise<string>;
}

export interface NewUser {
  username: string;
  password: string;
  name?: string;
  email?: string;
  role?: Role;
  invite?: string;
}

export interface ProfilePatch {
  username?: string;
  name?: string;
  email?: string | null;
  avatar_url?: string | null;
  current_password?: string;
  new_password?: string;
}

export interface NewConversation {
  /** Its name among unsent drafts; a random one if absent. */
  draft?: string;
  /** If absent, the first message's first line. */
  subject?: string;
  priority?: Priority;
  tags?: string[];
  custom?: Record<string, unknown>;
  /** `false`: no bot answers first, where there is one. */
  bot?: boolean;
}

export interface Conversation {
  /** The draft's name, of one that `newConversation` made. */
  readonly draft: string | null;
  /** Null until the ticket is made or known. */
  readonly ticketId: Observable<string | null>;
  readonly ticket: Observable<Ticket | null>;
  /** By `seq`, each once; unsent ones at the end. */
  readonly messages: Observable<readonly ConversationMessage[]>;
  /** Who else is typing. */
  readonly typing: Observable<readonly Typist[]>;
  /** Who is in reach, as the ticket's room sees it. */
  readonly online: Observable<readonly OnlineUser[]>;
  /** Which staff have it open; for staff only. */
  readonly viewers: Observable<readonly Viewer[]>;
  /** Messages of the other side that this side has not read. */
  readonly unread: Observable<number>;
  readonly connection: Observable<ConnectionState>;
  readonly hasOlder: Observable<boolean>;
  /** Why it cannot be shown (`not_found`: gone, or not ours to see). */
  readonly error: Observable<ApiError | null>;

  /** Joins and stays joined, through every reconnect, until the answer is called. Any number of openers. */
  open(): () => void;
  loadOlder(): Promise<void>;
  /**
   * Shows the message at once as `sending`, keeps it in the storage, sends it in turn, and again until it is stored.
   * Need not be awaited; answers the message's `key` once it is kept. Ends the typing indicator.
   */
  send(text: string, attachments?: readonly Attachment[]): Promise<string>;
  /** Sends a `failed` message again. */
  retry(key: string): Promise<void>;
  /** Forgets a `failed` message. */
  discard(key: string): Promise<void>;
  /** Uploads files, to be given to `send`; makes the ticket if there is none. */
  upload(files: readonly Upload[], options?: UploadOptions): Promise<Attachment[]>;
  /** Call it at every key press; it is sent now and then. */
  setTyping(isTyping: boolean): void;
  /** Everything shown so far is read. Call it as often as you like. */
  markRead(): void;
}

export interface Typist {
  user_id: string;
  name: string;
}

/**
 * `sending`, `failed`: not stored yet, or refused. `sent`, `delivered`, `read`: an own message, and how far the other
 * side has it. `received`: somebody else's.
 */
export type MessageState = "sending" | "failed" | "sent" | "delivered" | "read" | "received";

export interface ConversationMessage {
  /** Stays the same from `sending` to `read`. */
  key: string;
  state: MessageState;
  own: boolean;
  /** Null while unsent, as is `seq`. */
  message_id: string | null;
  seq: number | null;
  sender: Sender;
  message_content: string;
  kind: Message["kind"];
  attachments: readonly Attachment[];
  timestamp: string;
  /** Why it `failed`. */
  error: ApiError | null;
}

/** A browser's `File` is one; in React Native `{ uri, name, type }` is. */
export type Upload = (BlobLike & { readonly name: string }) | { uri: string; name: string; type: string };

export interface UploadOptions {
  /** From 0 to 1. */
  onProgress?: (fraction: number) => void;
  signal?: AbortSignalLike;
}

/** What is needed of a `Blob`. */
export interface BlobLike {
  readonly size: number;
  readonly type: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}
