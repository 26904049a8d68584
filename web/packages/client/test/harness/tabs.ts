/** A storage that several clients share as the tabs of a browser share theirs: each hears what the others change. */
import type { KeyValueStorage } from "../../src/index.js";

export interface SharedStorage {
  readonly values: Map<string, string>;
  tab(): KeyValueStorage;
}

export function sharedStorage(): SharedStorage {
  const values = new Map<string, string>();
  const listeners = new Map<object, Set<(key: string) => void>>();
  const tell = (from: object, key: string) => {
    for (const [tab, heard] of listeners) {
      if (tab !== from) for (const listener of heard) queueMicrotask(() => listener(key));
    }
  };
  return {
    values,
    tab() {
      const heard = new Set<(key: string) => void>();
      const tab: KeyValueStorage = {
        get: (key) => values.get(key) ?? null,
        set(key, value) {
          if (values.get(key) === value) return;
          values.set(key, value);
          tell(tab, key);
        },
        remove(key) {
          if (values.delete(key)) tell(tab, key);
        },
        watch(listener) {
          heard.add(listener);
          return () => heard.delete(listener);
        },
      };
      listeners.set(tab, heard);
      return tab;
    },
  };
}
