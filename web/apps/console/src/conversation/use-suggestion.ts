// Whether the draft was suggested, and by what: the composer's side of it.
import { useEffect, useRef, useState } from "react";
import type { Assistance } from "../backend/bot";
import { keepSuggestion, type Suggestion, suggestionFor } from "./suggestion";

export function useSuggestion(ticketId: string, isNote: boolean) {
  const [suggestion, setSuggestion] = useState(() => (isNote ? null : suggestionFor(ticketId)));
  const isGone = useRef(false);
  useEffect(() => {
    isGone.current = false;
    return () => {
      isGone.current = true;
    };
  }, []);
  const mark = (next: Suggestion | null) => {
    // Of a note there is none, and the reply's stays while somebody writes one.
    if (isNote) return;
    setSuggestion(next);
    keepSuggestion(ticketId, next);
  };
  return {
    suggestion,
    mark,
    /** `insert` puts it into the draft, and answers what stood there. Nothing happens once the field is gone. */
    take({ kind, sources, model }: Assistance, insert: () => string) {
      if (isGone.current) return;
      mark({ kind, before: insert(), sources, model });
    },
  };
}
