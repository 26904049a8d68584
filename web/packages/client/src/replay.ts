/**
 * Joins a ticket's room and fetches what was missed, until nothing is left. Used by a conversation, at every connect,
 * at `resync`, and when a hole shows.
 *
 * **Invariant:** at most one replay of a conversation runs; a wish that comes meanwhile is heeded afterwards.
 */
import type { Message, Page, Ticket } from "./api.js";
import type { Connection } from "./connection.js";
import { ApiError } from "./error.js";
import type { Joined } from "./events.js";
import type { Http } from "./http.js";
import type { Environment } from "./platform.js";
import type { SessionKeeper } from "./session.js";
import type { Timeline } from "./timeline.js";

const TRY_AGAIN = 2_000;
/** How often a conversation without a socket asks for news. */
const POLL = 10_000;
/** How long the socket may take before the conversation is fetched without it. */
const SOCKET_PATIENCE = 3_000;

export interface Replay {
  /** Catches up, if there is a connection. */
  run(): void;
  stop(): void;
}

export interface ReplayParts {
  environment: Environment;
  session: SessionKeeper;
  http: Http;
  connection: Connection;
  timeline: Timeline;
  ticketId: string;
  onPage(ticket: Ticket | null, messages: readonly Message[]): void;
  onState(state: "catching_up" | "live" | "offline"): void;
  /** It cannot be shown. */
  onRefused(error: ApiError): void;
}

export function createReplay(parts: ReplayParts): Replay {
  const { environment, session, http, connection, timeline, ticketId, onPage, onState } = parts;
  let running = false;
  let wanted = false;
  let stopped = false;
  let timer = () => {};

  const join = async () => {
    let after_seq = timeline.isAnchored ? timeline.rejoinAfter() : null;
    for (;;) {
      const query = { ticket_id: ticketId, ...(after_seq !== null && { after_seq }) };
      const joined = await connection.emit<Joined>("join_ticket", query);
      if (stopped) return;
      onPage(joined.ticket, joined.messages);
      timeline.isAnchored = true;
      const reached = joined.messages.at(-1)?.seq;
      if (after_seq === null || !joined.has_more || reached === undefined) return;
      after_seq = reached;
    }
  };
  const fetch = async () => {
    const token = await session.accessToken();
    const get = <T>(path: string, query?: object) => http.json<T>({ method: "GET", path, query, token });
    const ticket = await get<Ticket>(`/api/tickets/${ticketId}`);
    for (let isLast = false; !isLast && !stopped; ) {
      const query = timeline.isAnchored ? { after_seq: timeline.last() ?? 0, limit: 100 } : { limit: 50 };
      const page = await get<Page<Message>>(`/api/messages/${ticketId}`, query);
      onPage(ticket, page.data);
      isLast = !timeline.isAnchored || !page.next_cursor;
      timeline.isAnchored = true;
    }
  };
  const failed = (fault: unknown) => {
    const error = fault instanceof ApiError ? fault : new ApiError(0, "network", String(fault));
    if (["not_found", "forbidden"].includes(error.code)) return parts.onRefused(error);
    if (connection.connected.get()) {
      if (error.code === "network") connection.check();
      timer = environment.after((error.retryAfter ?? 0) * 1_000 + TRY_AGAIN, run);
    }
  };
  const run = () => {
    timer();
    wanted = true;
    if (running || stopped) return;
    running = true;
    void (async () => {
      onState("catching_up");
      while (wanted && !stopped && connection.connected.get()) {
        wanted = false;
        await join();
      }
      if (!stopped && connection.connected.get()) onState("live");
    })()
      .catch((fault) => !stopped && failed(fault))
      .finally(() => {
        running = false;
        if (wanted && connection.connected.get()) run();
      });
  };
  const poll = () => {
    if (stopped || connection.connected.get()) return;
    const again = () => {
      timer();
      if (!stopped && !connection.connected.get()) timer = environment.after(POLL, poll);
    };
    void fetch().then(again, (fault) => {
      if (stopped) return;
      if (fault instanceof ApiError && fault.code !== "network") failed(fault);
      again();
    });
  };

  /** Without a socket: catches up by REST now and then, until it is back. */
  const lost = () => {
    timer();
    onState("offline");
    timer = environment.after(SOCKET_PATIENCE, poll);
  };
  const follow = (isConnected: boolean) => (isConnected ? run() : lost());
  const unsubscribe = connection.connected.subscribe(follow);
  follow(connection.connected.get());

  return {
    run: () => connection.connected.get() && run(),
    stop() {
      stopped = true;
      timer();
      unsubscribe();
    },
  };
}
