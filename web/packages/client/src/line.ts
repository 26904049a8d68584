/**
 * The one socket: opens it while it is wanted, and opens it again however it ended. Loaded with socket.io-client when
 * the first socket is needed; made by the connection.
 *
 * **Invariants:** a socket always carries the newest token of one user in one role; a new attempt is a new socket;
 * `connected` is true only while the server has accepted it, and no longer than half a minute after it fell silent.
 */
import { io } from "socket.io-client";
import { ApiError, type FieldError } from "./error.js";
import type { Source } from "./observable.js";
import type { Environment } from "./platform.js";
import type { Transport } from "./public.js";
import type { SessionKeeper } from "./session.js";

const ACK_PATIENCE = 10_000;
const PROBE_PATIENCE = 5_000;
const LONGEST_PAUSE = 30_000;
const HEARTBEAT = 5_000;
/** Whoever says nothing for so long is asked whether they are still there. */
const SILENCE = 20_000;
/** Beyond the server's own beat: who has heard nothing for that long has slept, or lost the server. */
const GRACE = 10_000;
const RENEW_AGAIN = 10_000;

export interface Line {
  /** Opens, closes or renews the socket, as is wanted now. */
  follow(): void;
  /** Finds out at once whether the socket lives, and opens one if not. */
  check(): void;
  emit<T>(event: string, payload: object): Promise<T>;
}

export interface LineParts {
  environment: Environment;
  session: SessionKeeper;
  url: string;
  apiKey: string | undefined;
  connected: Source<boolean>;
  transport: Source<Transport | null>;
  isWanted(): boolean;
  onEvent(event: string, payload: unknown): void;
}

interface Socket {
  connected: boolean;
  io: { engine: { transport: { name: string }; on(event: string, listener: (payload: never) => void): void } };
  on(event: string, listener: (payload: never) => void): void;
  onAny(listener: (event: string, payload: unknown) => void): void;
  off(): void;
  offAny(): void;
  close(): void;
  timeout(milliseconds: number): { emitWithAck(event: string, payload: object): Promise<unknown> };
}

type Refusable = { error?: { code: string; message: string; errors?: FieldError[]; retry_after?: number } } | null;

export function createLine(parts: LineParts): Line {
  const { environment, session, url, apiKey, connected, transport, isWanted } = parts;
  const { now, random, after } = environment;
  let failures = 0;
  let socket: Socket | null = null;
  /** Counts attempts: an answer to an earlier one is worth nothing. */
  let attempt = 0;
  let identity = "";
  let retry = () => {};
  let renewal = () => {};
  let heartbeat = () => {};
  /** When the server was last heard, and how long it may be silent. */
  let heard = 0;
  let beatOfServer = 0;

  const identityOf = () => `${session.user()?.id} ${session.user()?.role}`;

  const drop = () => {
    attempt += 1;
    isAsking = false;
    retry();
    retry = () => {};
    heartbeat();
    socket?.off();
    socket?.offAny();
    socket?.close();
    socket = null;
    connected.set(false);
    transport.set(null);
  };
  const again = () => {
    drop();
    // All of a server's clients lose it at once: they come back spread out.
    const pause = 200 + random() * Math.min(LONGEST_PAUSE, 2_000 * 2 ** failures);
    failures += 1;
    retry = after(pause, open);
  };
  const open = async () => {
    drop();
    if (!isWanted()) return;
    const mine = attempt;
    try {
      const token = await session.accessToken();
      if (mine !== attempt || !isWanted()) return;
      identity = identityOf();
      // WebSocket first; after failures by turns, for networks that swallow one of the two.
      const transports = failures % 4 < 2 ? ["websocket", "polling"] : ["polling", "websocket"];
      socket = io(url, {
        auth: { token, ...(apiKey && { apiKey }) },
        transports,
        tryAllTransports: true,
        forceNew: true,
        reconnection: false,
        timeout: ACK_PATIENCE,
      }) as unknown as Socket;
      const { engine } = socket.io;
      engine.on("handshake", ({ pingInterval }: { pingInterval: number }) => {
        beatOfServer = pingInterval;
      });
      engine.on("packet", () => {
        heard = now();
      });
      const tellTransport = () => transport.set(engine.transport.name === "polling" ? "polling" : "websocket");
      engine.on("upgrade", () => {
        if (mine === attempt && connected.get()) tellTransport();
      });
      socket.on("connect", () => {
        failures = 0;
        beat(now());
        if (session.token.get() !== token) void reauth();
        tellTransport();
        connected.set(true);
      });
      socket.on("connect_error", (fault: Error) => {
        again();
        if (fault.message === "unauthorized") void session.renew(token).catch(() => {});
      });
      socket.on("disconnect", again);
      socket.onAny((event, payload) => {
        if (event === "session_expired") void session.renew(session.token.get() ?? "").catch(() => {});
        parts.onEvent(event, payload);
      });
    } catch {
      if (mine === attempt) again();
    }
  };
  const emitWithin = async <T>(patience: number, event: string, payload: object): Promise<T> => {
    if (!socket?.connected) throw new ApiError(0, "network", "Not connected.");
    const [mine, begun] = [attempt, now()];
    const answer = (await socket
      .timeout(patience)
      .emitWithAck(event, payload)
      .catch((fault) => {
        if (mine === attempt && heard < begun) void open();
        throw new ApiError(0, "network", String(fault));
      })) as Refusable;
    if (!answer?.error) return answer as T;
    const { code, message, errors, retry_after } = answer.error;
    throw new ApiError(0, code, message, errors, retry_after ?? null);
  };
  let isAsking = false;
  const reauth = async () => {
    const mine = attempt;
    isAsking = true;
    try {
      await emitWithin(PROBE_PATIENCE, "reauth", { token: session.token.get() ?? "" });
    } catch {
      if (mine === attempt) open();
    } finally {
      if (mine === attempt) isAsking = false;
    }
  };
  const check = () => {
    failures = 0;
    if (!socket?.connected) {
      if (!socket) void open();
    } else if (now() - heard > beatOfServer + GRACE) void open();
    else void reauth();
  };
  /** A device that slept finds a dead socket, and its timers late. */
  const beat = (last: number) => {
    heartbeat = after(HEARTBEAT, () => {
      beat(now());
      const hasSlept = now() - last > 3 * HEARTBEAT;
      // Whatever came since it woke, something may have been lost while it slept.
      if (hasSlept && socket?.connected) void open();
      else if (hasSlept || (now() - heard > SILENCE && !isAsking)) check();
    });
  };
  const renewIn = (pause: number) => {
    renewal();
    renewal = after(pause, () => void session.accessToken().catch(() => renewIn(RENEW_AGAIN)));
  };
  const follow = () => {
    renewal();
    if (!isWanted()) return drop();
    renewIn(Math.max(session.renewAt() - now(), 0));
    if (socket && identity !== identityOf()) void open();
    else if (socket?.connected) void reauth();
    else if (!socket) void open();
  };

  return {
    follow,
    check,
    emit: (event, payload) => emitWithin(ACK_PATIENCE, event, payload),
  };
}
