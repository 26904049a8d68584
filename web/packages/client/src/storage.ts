/**
 * Where the session and unsent messages are kept. Used by the session and the outbox; a host may bring its own
 * (React Native's AsyncStorage, a file).
 */
export interface KeyValueStorage {
  get(key: string): string | null | Promise<string | null>;
  set(key: string, value: string): void | Promise<void>;
  remove(key: string): void | Promise<void>;
  /** Tells of changes that others made (other tabs), where the storage can; the answer ends it. */
  watch?(listener: (key: string) => void): () => void;
}

/** Forgets everything with the page. */
export function memoryStorage(): KeyValueStorage {
  const values = new Map<string, string>();
  return {
    get: (key) => values.get(key) ?? null,
    set: (key, value) => void values.set(key, value),
    remove: (key) => void values.delete(key),
  };
}

/** The part of a browser's `localStorage` or `sessionStorage` that is needed. */
export interface WebStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

interface StorageEvents {
  addEventListener?(type: "storage", listener: (event: { key: string | null }) => void): void;
  removeEventListener?(type: "storage", listener: (event: { key: string | null }) => void): void;
}

/** The browser's `localStorage`, seen by all tabs; memory where it is absent or forbidden. */
export function localStorageOrMemory(): KeyValueStorage {
  try {
    // The mere look at it throws where the browser forbids it.
    const { localStorage } = globalThis as { localStorage?: WebStorage };
    if (localStorage) return webStorage(localStorage);
  } catch {}
  return memoryStorage();
}

export function webStorage(kept: WebStorage, events: StorageEvents = globalThis as StorageEvents): KeyValueStorage {
  return {
    get: (key) => kept.getItem(key),
    set: (key, value) => kept.setItem(key, value),
    remove: (key) => kept.removeItem(key),
    watch(listener) {
      const heard = ({ key }: { key: string | null }) => key !== null && listener(key);
      events.addEventListener?.("storage", heard);
      return () => events.removeEventListener?.("storage", heard);
    },
  };
}

/** The same storage for a client that has to go on when it fails (full, forbidden): what it cannot keep, memory does. */
export function steadfast(storage: KeyValueStorage): KeyValueStorage {
  const unkept = memoryStorage();
  return {
    async get(key) {
      try {
        return (await unkept.get(key)) ?? (await storage.get(key));
      } catch {
        return null;
      }
    },
    async set(key, value) {
      try {
        await storage.set(key, value);
        await unkept.remove(key);
      } catch {
        await unkept.set(key, value);
      }
    },
    async remove(key) {
      await unkept.remove(key);
      try {
        await storage.remove(key);
      } catch {}
    },
    watch: storage.watch?.bind(storage),
  };
}
