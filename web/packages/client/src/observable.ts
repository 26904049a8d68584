/**
 * A value that can be watched. Everything of the client that changes over time is one of these.
 *
 * **Invariant:** listeners hear only of changes, in the order of the changes, and never the value at subscription.
 */
export interface Observable<T> {
  get(): T;
  /** Calls `listener` at every later change; the answer ends it. */
  subscribe(listener: (value: T) => void): () => void;
}

/** An observable together with the right to change it. */
export interface Source<T> extends Observable<T> {
  set(value: T): void;
}

export function source<T>(initial: T): Source<T> {
  let value = initial;
  const listeners = new Set<(value: T) => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener(next);
    },
    subscribe(listener) {
      // One entry for each subscription, even of the same function.
      const entry = (next: T) => listener(next);
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
  };
}
