/**
 * Brings the outbox to the server: each ticket's messages one after the other, until each is stored or refused.
 *
 * **Invariants:** a message is never sent before the one written earlier in its ticket has an answer; what fails for a
 * reason that may pass stays and is tried again with the same `client_id`; one tab at a time sends a ticket's messages.
 */
import type { Message, Ticket } from "./api.js";
import type { Connection } from "./connection.js";
import { ApiError } from "./error.js";
import type { Http } from "./http.js";
import type { Lock } from "./lock.js";
import { type Change, type Draft, type Entry, type Failure, type Outbox, remove } from "./outbox.js";
import type { Environment } from "./platform.js";
import type { SessionKeeper } from "./session.js";

const LONGEST_PAUSE = 30_000;
/** How often a fault of the server itself is tried again. */
const PATIENCE_WITH_FAULTS = 3;

export interface Delivery {
  /** Tries everything now. */
  flush(): void;
  /** The draft's ticket; made if there is none yet. */
  ticketOf(draft: string): Promise<string>;
  close(): void;
}

export interface DeliveryParts {
  environment: Environment;
  session: SessionKeeper;
  http: Http;
  connection: Connection;
  outbox: Outbox;
  lock: Lock;
  prefix: string;
  /** The server has stored one. */
  onStored(message: Message): void;
}

export function createDelivery(parts: DeliveryParts): Delivery {
  const { environment, session, http, connection, outbox, lock } = parts;
  const busy = new Set<string>();
  const making = new Map<string, Promise<string>>();
  /** Tries in a row that came to nothing, whatever the reason: the pause grows with them. */
  let failures = 0;
  /** Per message, the faults of the server itself. */
  const faults = new Map<string, number>();
  let retry = () => {};
  /** After a socket that gave no answer, the next try goes by REST. */
  let avoidSocket = false;

  const placeOf = (entry: Entry) => entry.ticket_id ?? `draft ${entry.draft}`;
  const waiting = () => outbox.kept.get().entries.filter((entry) => !entry.failed);
  const findDraft = (name: string | null): Draft | undefined =>
    outbox.kept.get().drafts.find((draft) => draft.name === name);

  const makeTicket = async (draft: Draft): Promise<string> => {
    if (draft.ticket_id) return draft.ticket_id;
    const { subject, priority, tags, custom, bot } = draft.details;
    const ticket = await http.json<Ticket>({
      method: "POST",
      path: "/api/tickets",
      body: { subject, priority, tags, custom, bot },
      token: await session.accessToken(),
      idempotencyKey: draft.idempotency_key,
    });
    await outbox.change(settle(draft.name, ticket.ticket_id));
    return ticket.ticket_id;
  };
  const ticketOf = (name: string): Promise<string> => {
    const draft = findDraft(name);
    if (!draft) return Promise.reject(new ApiError(0, "not_found", "There is no such draft."));
    const made = making.get(name) ?? makeTicket(draft).finally(() => making.delete(name));
    making.set(name, made);
    return made;
  };

  const store = async (entry: Entry): Promise<Message> => {
    const attachment_ids = entry.attachments.map((attachment) => attachment.attachment_id);
    const body = {
      message_content: entry.message_content,
      client_id: entry.client_id,
      ...(attachment_ids.length && { attachment_ids }),
    };
    if (connection.connected.get() && !avoidSocket) {
      try {
        const payload = { ticket_id: entry.ticket_id, ...body };
        return (await connection.emit<{ message: Message }>("chat_message", payload)).message;
      } catch (fault) {
        avoidSocket = fault instanceof ApiError && fault.code === "network";
        throw fault;
      }
    }
    avoidSocket = false;
    const path = `/api/messages/${entry.ticket_id}`;
    return http.json<Message>({ method: "POST", path, body, token: await session.accessToken() });
  };

  /** True: go on with the next. False: later. */
  const attempt = async (entry: Entry): Promise<boolean> => {
    try {
      if (!entry.ticket_id) {
        // From here on it is the ticket's, and in that ticket's turn.
        const name = entry.draft ?? "";
        const settled = findDraft(name)?.ticket_id;
        if (settled) await outbox.change(settle(name, settled));
        else await ticketOf(name);
      } else {
        parts.onStored(await store(entry));
        await outbox.change(remove(entry.client_id));
      }
      failures = 0;
      faults.delete(entry.client_id);
      return true;
    } catch (fault) {
      const error = fault instanceof ApiError ? fault : new ApiError(0, "network", String(fault));
      if (error.status === 401 || error.code === "unauthorized") {
        await session.renew(session.token.get() ?? "").catch(() => {});
      }
      const endured = faults.get(entry.client_id) ?? 0;
      const isFault = error.code === "internal";
      if (mayPass(error) && !(isFault && endured >= PATIENCE_WITH_FAULTS)) {
        if (isFault) faults.set(entry.client_id, endured + 1);
        later(error);
        return false;
      }
      faults.delete(entry.client_id);
      const { status, code, message, errors } = error;
      await outbox.change(mark(entry.client_id, { status, code, message, errors: [...errors] }));
      return true;
    }
  };
  const later = ({ retryAfter }: ApiError) => {
    const spread = 1 + environment.random() / 2;
    const pause = retryAfter === null ? Math.min(LONGEST_PAUSE, 1_000 * 2 ** failures) : retryAfter * 1_000;
    failures += 1;
    retry();
    retry = environment.after(pause * spread, flush);
  };

  /** True: all is sent, or the rest is another user's now. False: the rest waits for its retry. */
  const send = async (place: string): Promise<boolean> => {
    const user = session.user()?.id;
    // Another tab may have sent some while this one waited for its turn.
    await outbox.reread();
    for (;;) {
      const next = waiting().find((entry) => placeOf(entry) === place);
      if (!next) return true;
      if (session.user()?.id !== user) return true;
      if (!(await attempt(next))) return false;
    }
  };
  const pump = async (place: string): Promise<void> => {
    if (busy.has(place)) return;
    busy.add(place);
    const isDone = await lock(`${parts.prefix}:send:${place}`, () => send(place)).catch(() => false);
    busy.delete(place);
    // What was a draft's is a ticket's now, and something may have been written at the last moment.
    if (isDone) flush();
  };
  const flush = () => {
    if (!session.user()) return;
    for (const place of new Set(waiting().map(placeOf))) void pump(place);
  };
  const unsubscribe = connection.connected.subscribe((isConnected) => isConnected && flush());

  return {
    flush,
    ticketOf,
    close() {
      retry();
      unsubscribe();
    },
  };
}

/** True for what another try may mend: no answer, too much at once, something down, a first try still under way. */
function mayPass({ status, code }: ApiError): boolean {
  const passing = ["network", "rate_limited", "unavailable", "timeout", "idempotency_in_progress", "internal"];
  return passing.includes(code) || status === 401 || status >= 500 || ["unauthorized", "signed_out"].includes(code);
}

const mark =
  (clientId: string, failed: Failure): Change =>
  ({ entries, drafts }) => ({
    drafts,
    entries: entries.map((entry) => (entry.client_id === clientId ? { ...entry, failed } : entry)),
  });

/** The draft has become a ticket. */
const settle =
  (name: string, ticketId: string): Change =>
  ({ entries, drafts }) => ({
    drafts: drafts.map((draft) => (draft.name === name ? { ...draft, ticket_id: ticketId } : draft)),
    entries: entries.map((entry) =>
      entry.draft === name && !entry.ticket_id ? { ...entry, ticket_id: ticketId } : entry,
    ),
  });
