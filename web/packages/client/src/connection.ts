/**
 * The socket as the rest of the client knows it: who needs it, who listens, whether it is there. The socket itself is the
 * `line`, loaded when somebody first holds the connection.
 */

import { ApiError } from "./error.js";
import type { ServerEvent, ServerEvents } from "./events.js";
import type { Line } from "./line.js";
import { loadLive } from "./load.js";
import { type Observable, source } from "./observable.js";
import type { Environment } from "./platform.js";
import type { Transport } from "./public.js";
import type { SessionKeeper } from "./session.js";

export interface Connection {
  readonly connected: Observable<boolean>;
  /** Null while it is not connected. */
  readonly transport: Observable<Transport | null>;
  /** Sends an event and answers its ack. Throws `ApiError`; with `network` it may have arrived or not. */
  emit<T>(event: string, payload: object): Promise<T>;
  on<E extends ServerEvent>(event: E, listener: (payload: ServerEvents[E]) => void): () => void;
  /** Keeps the socket open until the answer is called. */
  hold(): () => void;
  /** Finds out at once whether the socket lives, and opens one if not. */
  check(): void;
  close(): void;
}

export function createConnection(
  environment: Environment,
  session: SessionKeeper,
  url: string,
  apiKey: string | undefined,
  /** Hears every event, before those who listen to it. */
  hear: <E extends ServerEvent>(event: E, payload: ServerEvents[E]) => void,
): Connection {
  const connected = source(false);
  const transport = source<Transport | null>(null);
  const listeners = new Map<string, Set<(payload: unknown) => void>>();
  let holders = 0;
  let isClosed = false;
  let isLoading = false;
  let line: Line | null = null;

  const isWanted = () => holders > 0 && !isClosed && session.token.get() !== null;
  const onEvent = (event: string, payload: unknown) => {
    hear(event as ServerEvent, payload as ServerEvents[ServerEvent]);
    for (const listener of [...(listeners.get(event) ?? [])]) listener(payload);
  };
  const follow = async () => {
    if (!line && isWanted() && !isLoading) {
      isLoading = true;
      const { createLine } = await loadLive(environment);
      line = createLine({ environment, session, url, apiKey, connected, transport, isWanted, onEvent });
    }
    line?.follow();
  };
  const unsubscribe = session.token.subscribe(follow);

  return {
    connected,
    transport,
    check: () => line?.check(),
    emit: (event, payload) =>
      line?.emit(event, payload) ?? Promise.reject(new ApiError(0, "network", "Not connected.")),
    on(event, listener) {
      const of = listeners.get(event) ?? new Set();
      listeners.set(event, of);
      const entry = (payload: unknown) => listener(payload as ServerEvents[typeof event]);
      of.add(entry);
      return () => void of.delete(entry);
    },
    hold() {
      holders += 1;
      if (holders === 1) void follow();
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        holders -= 1;
        if (!holders) void follow();
      };
    },
    close() {
      isClosed = true;
      unsubscribe();
      void follow();
    },
  };
}
