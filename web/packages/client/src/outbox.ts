/**
 * The messages that the server does not have yet, kept in the storage and shared through it by all tabs.
 * Filled by conversations, emptied by `delivery`.
 *
 * **Invariants:** an entry is in the storage before it is sent, with the `client_id` it will always have; entries stay
 * in the order of writing; each user has an outbox of their own.
 */
import type { Attachment, User } from "./api.js";
import type { FieldError } from "./error.js";
import type { Lock } from "./lock.js";
import { type Observable, source } from "./observable.js";
import type { NewConversation } from "./public.js";
import type { SessionKeeper } from "./session.js";
import type { KeyValueStorage } from "./storage.js";

export interface Entry {
  client_id: string;
  /** Null: of a draft whose ticket is not made yet. */
  ticket_id: string | null;
  draft: string | null;
  message_content: string;
  attachments: Attachment[];
  timestamp: string;
  failed: Failure | null;
}

export interface Failure {
  status: number;
  code: string;
  message: string;
  errors: FieldError[];
}

/** A new conversation on its way to a ticket. */
export interface Draft {
  name: string;
  ticket_id: string | null;
  idempotency_key: string;
  details: NewConversation & { subject: string };
}

export interface Kept {
  entries: Entry[];
  /** The newest at the end; those that have become tickets tell other tabs so. */
  drafts: Draft[];
}

export type Change = (kept: Kept) => Kept;

export interface Outbox {
  /** What is kept, with changes that are still being written. */
  readonly kept: Observable<Kept>;
  ready(): Promise<void>;
  /** Applies at once, and resolves when the storage has it. */
  change(change: Change): Promise<void>;
  /** Looks what other tabs have made of it. */
  reread(): Promise<void>;
  /** Hands one user's entries to another. */
  move(from: User, to: User): Promise<void>;
  forget(user: User): Promise<void>;
  close(): void;
}

const EMPTY: Kept = { entries: [], drafts: [] };

export function createOutbox(storage: KeyValueStorage, lock: Lock, prefix: string, session: SessionKeeper): Outbox {
  const keyOf = (user: { id: string } | null) => `${prefix}:outbox:${user?.id}`;
  const kept = source<Kept>(EMPTY);
  let key = "";
  let stored = EMPTY;
  let pending: Change[] = [];
  let loading = Promise.resolve();
  let writing = Promise.resolve();

  const show = () => kept.set(pending.reduce((now, change) => change(now), stored));
  const read = async (from: string): Promise<Kept> => {
    try {
      const found = JSON.parse((await storage.get(from)) ?? "null") as Partial<Kept> | null;
      return found?.entries && found.drafts ? (found as Kept) : EMPTY;
    } catch {
      return EMPTY;
    }
  };
  const write = (to: string, value: Kept) =>
    value.entries.length || value.drafts.length ? storage.set(to, JSON.stringify(value)) : storage.remove(to);

  /** Writes all that wait, in one go. */
  const persist = () =>
    lock(key, async () => {
      const target = key;
      const changes = pending;
      if (!changes.length) return;
      const next = changes.reduce((now, change) => change(now), await read(target));
      await write(target, next);
      if (key !== target) return;
      stored = next;
      pending = pending.slice(changes.length);
      show();
    });
  const reread = async () => {
    const target = key;
    const found = await read(target);
    if (key !== target) return;
    stored = found;
    show();
  };
  const follow = () => {
    const next = session.user() ? keyOf(session.user()) : "";
    if (next === key) return;
    key = next;
    stored = EMPTY;
    pending = [];
    show();
    if (key) loading = reread();
  };
  const unsubscribe = session.state.subscribe(follow);
  const unwatch = storage.watch?.((changed) => {
    if (changed === key) void reread();
  });

  return {
    kept,
    ready: () => session.ready().then(() => loading),
    reread,
    change(change) {
      pending = [...pending, change];
      show();
      writing = writing.then(persist, persist);
      return writing;
    },
    async move(from, to) {
      await writing;
      await lock(keyOf(from), async () => {
        const left = await read(keyOf(from));
        if (left === EMPTY) return;
        await lock(keyOf(to), async () => {
          const there = await read(keyOf(to));
          await write(keyOf(to), {
            entries: [...there.entries, ...left.entries],
            drafts: [...there.drafts, ...left.drafts],
          });
        });
        await storage.remove(keyOf(from));
      });
    },
    forget: (user) => lock(keyOf(user), async () => storage.remove(keyOf(user))),
    close() {
      unsubscribe();
      unwatch?.();
    },
  };
}

export const add =
  (entry: Entry): Change =>
  ({ entries, drafts }) => ({
    drafts,
    entries: [...entries.filter((one) => one.client_id !== entry.client_id), entry],
  });

export const remove =
  (clientId: string): Change =>
  ({ entries, drafts }) => ({ drafts, entries: entries.filter((entry) => entry.client_id !== clientId) });

/** Sends it again, under another `client_id` if the old one is spoilt. */
export const revive =
  (clientId: string, next: string): Change =>
  ({ entries, drafts }) => ({
    drafts,
    entries: entries.map((entry) =>
      entry.client_id === clientId ? { ...entry, client_id: next, failed: null } : entry,
    ),
  });

/** Begins a draft; one of that name stays as it is. */
export const begin =
  (draft: Draft): Change =>
  ({ entries, drafts }) => ({
    entries,
    drafts: drafts.some(({ name }) => name === draft.name) ? drafts : [...drafts.slice(-19), draft],
  });
