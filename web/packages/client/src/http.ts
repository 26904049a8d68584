/**
 * One request and its answer, with errors as `ApiError`. Knows nothing of sessions: who calls hands in the token.
 *
 * **Invariants:** every failure is an `ApiError`; a call without an answer's beginning within 30 s fails as `network`, as
 * does an answer of JSON that is not complete 30 s later. A file takes as long as it moves: it fails as `network` when
 * nothing more has come for 30 s. Where the host tells of no progress, ten minutes are enough for all of it.
 */
import type { AbortSignalLike } from "./api.js";
import { ApiError, type FieldError } from "./error.js";
import type { Environment, FetchAnswer, FormLike } from "./platform.js";
import type { BlobLike } from "./public.js";

const PATIENCE = 30_000;
/** For a file of which nobody tells how far it is. */
const PATIENCE_WITH_FILES = 600_000;

export interface HttpCall {
  method: string;
  path: string;
  token?: string | null;
  query?: object;
  body?: unknown;
  form?: FormLike;
  idempotencyKey?: string;
  signal?: AbortSignalLike;
}

export interface Http {
  readonly url: string;
  headers(call: Pick<HttpCall, "token" | "idempotencyKey">): Record<string, string>;
  blob(call: HttpCall): Promise<BlobLike>;
  /** The answer's JSON; undefined where it has none. */
  json<T>(call: HttpCall): Promise<T>;
}

interface AbortController {
  signal: AbortSignalLike;
  abort(): void;
}

export function createHttp(environment: Environment, address: string, apiKey: string | undefined): Http {
  const url = address.replace(/\/+$/, "");
  const { AbortController } = globalThis as unknown as { AbortController: new () => AbortController };

  const headers: Http["headers"] = ({ token, idempotencyKey }) => ({
    ...(token && { Authorization: `Bearer ${token}` }),
    ...(apiKey && { "X-API-Key": apiKey }),
    ...(idempotencyKey && { "Idempotency-Key": idempotencyKey }),
  });

  const exchange = async <T>(call: HttpCall, read: (answer: FetchAnswer, wait: Wait) => Promise<T>): Promise<T> => {
    const controller = new AbortController();
    const abort = () => controller.abort();
    let patience = () => {};
    const wait: Wait = (milliseconds) => {
      patience();
      patience = environment.after(milliseconds, abort);
    };
    wait(call.form ? PATIENCE_WITH_FILES : PATIENCE);
    call.signal?.addEventListener("abort", abort);
    if (call.signal?.aborted) abort();
    try {
      const answer = await environment.fetch(url + call.path + queryString(call.query), {
        method: call.method,
        headers: { ...headers(call), ...(call.body !== undefined && { "Content-Type": "application/json" }) },
        body: call.form ?? (call.body === undefined ? undefined : JSON.stringify(call.body)),
        signal: controller.signal,
      });
      wait(PATIENCE);
      if (answer.status >= 400) {
        throw problem(answer.status, await answer.text(), answer.headers.get("Retry-After"));
      }
      return await read(answer, wait);
    } catch (fault) {
      throw fault instanceof ApiError ? fault : new ApiError(0, "network", String(fault));
    } finally {
      patience();
      call.signal?.removeEventListener("abort", abort);
    }
  };

  return {
    url,
    headers,
    blob: (call) => exchange(call, readFile),
    json: (call) => exchange(call, async (answer) => parse(answer.status, await answer.text())),
  };
}

/** Gives up after so long, unless it is called again before. */
type Wait = (milliseconds: number) => void;

async function readFile(answer: FetchAnswer, wait: Wait): Promise<BlobLike> {
  const { Blob } = globalThis as unknown as { Blob: new (parts: Uint8Array[], options: object) => BlobLike };
  const reader = answer.body?.getReader();
  if (!reader) {
    wait(PATIENCE_WITH_FILES);
    return answer.blob();
  }
  const parts: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(parts, { type: answer.headers.get("Content-Type") ?? "" });
    if (value) parts.push(value);
    wait(PATIENCE);
  }
}

function queryString(query: object | undefined): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null);
  return given.length ? `?${given.map((pair) => pair.map(encodeURIComponent).join("=")).join("&")}` : "";
}

/** The JSON of a body; undefined for none. */
export function parse<T>(status: number, text: string): T {
  try {
    return (text ? JSON.parse(text) : undefined) as T;
  } catch {
    throw problem(status, text, null);
  }
}

interface Problem {
  code: string;
  detail?: string;
  errors?: FieldError[];
}

/** The error that a body of RFC 9457 tells of; `bad_answer` if it does not. */
export function problem(status: number, text: string, retryAfter: string | null): ApiError {
  let told: Partial<Problem> = {};
  try {
    told = (JSON.parse(text) ?? {}) as Partial<Problem>;
  } catch {}
  const seconds = Number.parseInt(retryAfter ?? "", 10);
  return new ApiError(
    status,
    told.code ?? "bad_answer",
    told.detail ?? `HTTP ${status}`,
    told.errors,
    Number.isNaN(seconds) ? null : seconds,
  );
}
