// Reads the client's observables in components.
import type { Observable } from "@smilechat/client";
import { useCallback, useSyncExternalStore } from "react";

export function useObservable<T>(observable: Observable<T>): T {
  const subscribe = useCallback((listener: () => void) => observable.subscribe(listener), [observable]);
  return useSyncExternalStore(subscribe, () => observable.get());
}
