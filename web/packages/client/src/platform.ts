/**
 * What the client takes from its host: time, randomness, network, locks. Everything else gets it handed in, so that
 * tests can stop the clock. The few declarations stand in for the DOM's types, which not every host has.
 */
import type { AbortSignalLike } from "./api.js";
import type { BlobLike } from "./public.js";

export interface Environment {
  /** Milliseconds since 1970. */
  now(): number;
  /** From 0 to less than 1. */
  random(): number;
  /** Calls back once after so many milliseconds; the answer calls it off. */
  after(milliseconds: number, callback: () => void): () => void;
  fetch: Fetch;
  /** Web Locks, where the host has them; null: a lease in the storage does. */
  locks: WebLocks | null;
}

export type Fetch = (url: string, init: FetchInit) => Promise<FetchAnswer>;

export interface FetchInit {
  method: string;
  headers: Record<string, string>;
  /** JSON, or the host's `FormData`. */
  body?: string | FormLike;
  signal?: AbortSignalLike;
}

export interface FetchAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
  blob(): Promise<BlobLike>;
  /** Absent where the host hands out bodies only whole (React Native). */
  readonly body?: { getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array }> } } | null;
}

export interface FormLike {
  append(name: string, value: unknown, fileName?: string): void;
}

export interface WebLocks {
  request<T>(name: string, work: () => Promise<T>): Promise<T>;
}

interface Host {
  fetch: Fetch;
  setTimeout(callback: () => void, milliseconds: number): unknown;
  clearTimeout(timer: unknown): void;
  navigator?: { locks?: WebLocks };
}

export function hostEnvironment(): Environment {
  const host = globalThis as unknown as Host;
  return {
    now: Date.now,
    random: Math.random,
    after(milliseconds, callback) {
      const timer = host.setTimeout(callback, milliseconds);
      return () => host.clearTimeout(timer);
    },
    // Called as a method of the global object: browsers insist on it.
    fetch: (url, init) => host.fetch(url, init),
    locks: host.navigator?.locks ?? null,
  };
}

/** 128 random bits in hexadecimal: names a message, a draft or a request for good. */
export function freshId(environment: Environment): string {
  const { crypto } = globalThis as { crypto?: { getRandomValues(bytes: Uint8Array): Uint8Array } };
  const bytes = new Uint8Array(16);
  if (crypto) crypto.getRandomValues(bytes);
  else for (const place of bytes.keys()) bytes[place] = environment.random() * 256;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
