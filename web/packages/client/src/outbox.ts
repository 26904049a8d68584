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

/** A change on its way to the storage, and whose outbox it is for. */
interface Waiting {
  key: string;
  change: Change;
}

export function createOutbox(storage: KeyValueStorage, lock: Lock, prefix: string, session: SessionKeeper): Outbox {
  /** Whose outbox has been handed to whom. */
  const heirs = new Map<string, string>();
  const keyOf = ({ id }: { id: string }) => `${prefix}:outbox:${heirs.get(id) ?? id}`;
  const kept = source<Kept>(EMPTY);
  let key = "";
  let stored = EMPTY;
  let pending: Waiting[] = [];
  let loading = Promise.resolve();
  let writing = Promise.resolve();

  const waitingFor = (owner: string) => pending.filter((waiting) => waiting.key === owner);
  const apply = (changes: Waiting[], before: Kept) => changes.reduce((now, { change }) => change(now), before);
  const show = (found: Kept) => {
    stored = found;
    kept.set(apply(waitingFor(key), stored));
  };
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

  /** Writes all that waits, each to the outbox it was meant for, whoever is signed in by now. */
  const persist = async () => {
    for (;;) {
      const target = pending[0]?.key;
      if (target === undefined) return;
      await lock(target, async () => {
        // None, if they were handed on meanwhile.
        const changes = waitingFor(target);
        const next = apply(changes, await read(target));
        await write(target, next);
        pending = pending.filter((waiting) => !changes.includes(waiting));
        if (key === target) show(next);
      });
    }
  };
  const reread = async () => {
    const target = key;
    const found = await read(target);
    if (key === target) show(found);
  };
  const follow = () => {
    const user = session.user();
    const next = user ? keyOf(user) : "";
    if (next === key) return;
    key = next;
    show(EMPTY);
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
      pending = [...pending, { key, change }];
      show(stored);
      writing = writing.then(persist, persist);
      return writing;
    },
    move(from, to) {
      const [old, next] = [keyOf(from), keyOf(to)];
      return lock(old, () =>
        lock(next, async () => {
          const [left, there] = [await read(old), await read(next)];
          const all = { entries: [...there.entries, ...left.entries], drafts: [...there.drafts, ...left.drafts] };
          await write(next, all);
          await storage.remove(old);
          // From here on what is written as the one is the other's, and so is what still waits.
          heirs.set(from.id, to.id);
          for (const waiting of waitingFor(old)) waiting.key = next;
          if (key !== old) return;
          key = next;
          show(all);
        }),
      );
    },
    forget(user) {
      const gone = keyOf(user);
      pending = pending.filter((waiting) => waiting.key !== gone);
      return lock(gone, async () => storage.remove(gone));
    },
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
