// The drafts of this browser, as components use them.
import { useCallback, useState, useSyncExternalStore } from "react";
import { createDrafts, type DraftKind } from "./drafts";

export const drafts = createDrafts(localStorage);

/** The text being written; give the component that uses it a key of ticket and kind. */
export function useDraft(ticketId: string, kind: DraftKind): [string, (text: string) => void] {
  const [text, setText] = useState(() => drafts.read(ticketId, kind));
  const write = useCallback(
    (next: string) => {
      setText(next);
      drafts.write(ticketId, kind, next);
    },
    [ticketId, kind],
  );
  return [text, write];
}

export function useHasDraft(ticketId: string): boolean {
  return useSyncExternalStore(drafts.subscribe, () => drafts.has(ticketId));
}
