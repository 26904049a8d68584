// Lets "5m" grow older: one clock for all rows.
import { useSyncExternalStore } from "react";

let minute = 0;
const listeners = new Set<() => void>();

setInterval(() => {
  minute += 1;
  for (const listener of listeners) listener();
}, 30_000);

/** Renders its component anew twice a minute. */
export function useMinute(): void {
  useSyncExternalStore(subscribe, () => minute);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
