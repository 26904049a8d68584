// What somebody began to write, per ticket and kind, kept in the browser until it is sent or emptied.
// Invariant: the value in memory is what is shown; the storage follows at once, so that a closed tab loses nothing.

export type DraftKind = "reply" | "note";

export interface DraftStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface Drafts {
  read(ticketId: string, kind: DraftKind): string;
  write(ticketId: string, kind: DraftKind, text: string): void;
  has(ticketId: string): boolean;
  /** Calls `listener` when any draft begins or ends; the answer ends it. */
  subscribe(listener: () => void): () => void;
  /** Forgets everything, when somebody signs out. */
  clear(): void;
}

const PREFIX = "smilechat:console:draft:";
const KINDS: DraftKind[] = ["reply", "note"];

export function createDrafts(storage: DraftStorage): Drafts {
  const listeners = new Set<() => void>();
  const name = (ticketId: string, kind: DraftKind) => `${PREFIX}${kind}:${ticketId}`;
  const read = (ticketId: string, kind: DraftKind) => storage.getItem(name(ticketId, kind)) ?? "";
  const tell = () => {
    for (const listener of listeners) listener();
  };
  return {
    read,
    write(ticketId, kind, text) {
      const had = read(ticketId, kind) !== "";
      try {
        if (text.trim() === "") storage.removeItem(name(ticketId, kind));
        else storage.setItem(name(ticketId, kind), text);
      } catch {
        // The storage is full or forbidden: the text is still on the screen.
      }
      if (had !== (read(ticketId, kind) !== "")) tell();
    },
    has: (ticketId) => KINDS.some((kind) => read(ticketId, kind) !== ""),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    clear() {
      for (const key of keysOf(storage)) storage.removeItem(key);
      tell();
    },
  };
}

function keysOf(storage: DraftStorage): string[] {
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
  return keys.filter((key): key is string => key?.startsWith(PREFIX) ?? false);
}
