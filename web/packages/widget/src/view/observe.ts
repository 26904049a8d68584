/** Owns how the view watches: observables, media queries. */
import { useEffect, useState } from "preact/hooks";
import type { Observable } from "../observable";

export const FULL_SCREEN = "(max-width: 480px), (max-height: 420px)";

export function useObservable<T>(source: Observable<T>): T;
export function useObservable<T>(source: Observable<T> | undefined, otherwise: T): T;
export function useObservable<T>(source: Observable<T> | undefined, otherwise?: T): T {
  const [, redraw] = useState({});
  useEffect(() => {
    // It may have changed between drawing and watching.
    redraw({});
    return source?.subscribe(() => redraw({}));
  }, [source]);
  return source ? source.get() : (otherwise as T);
}

export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const changed = () => setMatches(list.matches);
    changed();
    list.addEventListener("change", changed);
    return () => list.removeEventListener("change", changed);
  }, [query]);
  return matches;
}
