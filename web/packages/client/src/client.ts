/** Makes the client out of its parts, and brings the socket's events to the conversations they concern. */
import type { Answer, Attachment, CallArguments, Endpoint, Status } from "./api.js";
import { createConnection } from "./connection.js";
import { type ConversationParts, createConversation, type LiveConversation } from "./conversation.js";
import type { Delivery } from "./delivery.js";
import { ApiError } from "./error.js";
import type { OnlineUser } from "./events.js";
import { createHttp, type HttpCall } from "./http.js";
import { loadLive } from "./load.js";
import { createLock } from "./lock.js";
import { source } from "./observable.js";
import { createOutbox } from "./outbox.js";
import { freshId, hostEnvironment } from "./platform.js";
import type { Client, ClientOptions, ConnectionState } from "./public.js";
import { createSession } from "./session.js";
import { memoryStorage, steadfast } from "./storage.js";

/** So many conversations that nobody has open are kept, to be shown at once when they are opened again. */
const KEPT = 20;

export function createClient(options: ClientOptions): Client {
  const environment = { ...hostEnvironment(), ...options.environment };
  const prefix = options.storagePrefix ?? "smilechat";
  const storage = steadfast(options.storage ?? memoryStorage());
  const lock = createLock(environment, storage);
  const http = createHttp(environment, options.url, options.apiKey);
  const session = createSession({
    environment,
    http,
    storage,
    lock,
    prefix,
    onIdentified: (guest, customer) => outbox.move(guest, customer),
    onSignedOut: (user) => outbox.forget(user),
  });
  const outbox = createOutbox(storage, lock, prefix, session);
  const connection = createConnection(environment, session, http.url, options.apiKey, (event, payload) => {
    const named = "ticket" in payload ? payload.ticket : payload;
    if ("ticket_id" in named) for (const conversation of of(named.ticket_id)) conversation.hear(event, payload);
  });
  const parts = { environment, http, session, connection, outbox };
  const state = source<ConnectionState>("offline");
  const online = source<readonly OnlineUser[]>([]);
  const conversations = new Set<LiveConversation>();

  const of = (ticketId: string) => [...conversations].filter((one) => one.ticketId.get() === ticketId);
  let isClosed = false;
  let loadingDelivery: Promise<Delivery> | null = null;
  const delivery = () => {
    loadingDelivery ??= loadLive(environment).then(({ createDelivery }) =>
      createDelivery({
        ...parts,
        lock,
        prefix,
        onStored(message) {
          for (const conversation of of(message.ticket_id)) conversation.take([message]);
        },
      }),
    );
    return loadingDelivery;
  };
  const flush = async () => {
    if (!outbox.kept.get().entries.length || isClosed) return;
    const loaded = await delivery();
    if (!isClosed) loaded.flush();
  };

  const judge = () => {
    const isBehind = [...conversations].some(
      (one) => one.isOpen() && one.connection.get() !== "live" && !one.error.get(),
    );
    state.set(!connection.connected.get() ? "offline" : isBehind ? "catching_up" : "live");
  };
  const make = (place: Pick<ConversationParts, "ticketId" | "draft">): LiveConversation => {
    const conversation = createConversation({
      ...parts,
      ...place,
      online,
      flush,
      ticketOf: async (draft) => (await delivery()).ticketOf(draft),
      onState: judge,
      onClosed(ticketId) {
        if (ticketId && !of(ticketId).some((one) => one.isOpen()) && connection.connected.get()) {
          void connection.emit("leave_ticket", { ticket_id: ticketId }).catch(() => {});
        }
        const unused = [...conversations].filter((one) => !one.isOpen());
        for (const old of unused.slice(0, -KEPT)) {
          old.close();
          conversations.delete(old);
        }
        judge();
      },
    });
    conversations.add(conversation);
    return conversation;
  };

  /** Chosen while there was no connection. */
  let untold: Status | null = null;
  const tellStatus = () => {
    if (!untold || !connection.connected.get()) return;
    void connection.emit("user_status", { status: untold }).catch(() => {});
    untold = null;
  };

  connection.connected.subscribe(judge);
  connection.connected.subscribe(tellStatus);
  connection.on("online_users", online.set);
  const followUser = () => {
    if (!session.user()) online.set([]);
    // What an earlier page left unsent.
    void outbox.ready().then(flush);
  };
  session.state.subscribe(followUser);
  followUser();
  /** With the session's token if there is one; once more with a new one if it is refused. */
  const authorized = async <T>(send: (token: string | null) => Promise<T>): Promise<T> => {
    const { user } = await session.ready();
    const token = user && (await session.accessToken());
    return send(token).catch(async (fault) => {
      if (!token || !(fault instanceof ApiError) || fault.code !== "unauthorized") throw fault;
      return send(await session.renew(token));
    });
  };

  return {
    url: http.url,
    session,
    connection: state,
    transport: connection.transport,
    online,
    request<E extends Endpoint>(endpoint: E, ...[options]: CallArguments<E>): Promise<Answer<E>> {
      const given = (options ?? {}) as RequestOptions;
      const [method = "", template = ""] = endpoint.split(" ");
      const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(given.path?.[name] ?? ""));
      return authorized((token) => http.json({ ...given, method, path, token }));
    },
    download(attachment: Pick<Attachment, "url">, { size, signal } = {}) {
      const path = attachment.url;
      return authorized(async (token) => http.blob({ method: "GET", path, query: { size }, token, signal }));
    },
    conversation: (ticketId) => of(ticketId)[0] ?? make({ ticketId, draft: null }),
    newConversation({ draft = freshId(environment), ...details } = {}) {
      const known = [...conversations].find((one) => one.draft === draft);
      return known ?? make({ ticketId: null, draft: { name: draft, details } });
    },
    async unsentDrafts() {
      await outbox.ready();
      const { entries } = outbox.kept.get();
      return [...new Set(entries.flatMap(({ draft, ticket_id }) => (draft && !ticket_id ? [draft] : [])))];
    },
    on: connection.on,
    connect: connection.hold,
    setStatus(status) {
      untold = status;
      tellStatus();
    },
    setOnline(isOnline) {
      connection.check();
      if (isOnline) void flush();
    },
    wake() {
      connection.check();
      void flush();
    },
    close() {
      isClosed = true;
      for (const conversation of conversations) conversation.close();
      void loadingDelivery?.then((loaded) => loaded.close());
      outbox.close();
      connection.close();
      session.close();
    },
  };
}

interface RequestOptions extends Pick<HttpCall, "query" | "body" | "signal" | "idempotencyKey"> {
  path?: Record<string, string>;
}
