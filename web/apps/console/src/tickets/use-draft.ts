// One's own drafts, as components use them.
import { useCallback, useState, useSyncExternalStore } from "react";
import { useMe } from "../backend/session";
import { type DraftKind, hasDraft, onDrafts, readDraft, writeDraft } from "./drafts";

/** The text being written; give the component that uses it a key of ticket and kind. */
export function useDraft(ticketId: string, kind: DraftKind): [string, (text: string) => void] {
  const userId = useMe().id;
  const [text, setText] = useState(() => readDraft({ userId, ticketId, kind }));
  const write = useCallback(
    (next: string) => {
      setText(next);
      writeDraft({ userId, ticketId, kind }, next);
    },
    [userId, ticketId, kind],
  );
  return [text, write];
}

export function useHasDraft(ticketId: string): boolean {
  const userId = useMe().id;
  return useSyncExternalStore(onDrafts, () => hasDraft(userId, ticketId));
}
