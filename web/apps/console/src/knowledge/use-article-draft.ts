// One article being written: the draft, what it was begun upon, and whether somebody else has changed it meanwhile.
import { useEffect, useRef, useState } from "react";
import { useMe } from "../backend/session";
import type { Article } from "../backend/types";
import { type ArticleDraft, draftOf, hasChanges } from "./article-draft";
import { readKept, writeKept } from "./kept-draft";

export interface DraftOf {
  draft: ArticleDraft;
  change(draft: ArticleDraft): void;
  isChanged: boolean;
  /** The `updated_at` that the draft was begun upon. */
  seen: string;
  /** Somebody has saved another text since the draft was begun. */
  isOvertaken: boolean;
  /** The draft came back from before: another page, or a crash. */
  isRestored: boolean;
  /** From now on it is begun upon this state; without a draft, it is that state. */
  rebase(saved: Article, draft?: ArticleDraft): void;
}

export function useArticleDraft(saved: Article): DraftOf {
  const userId = useMe().id;
  const id = saved.article_id;
  const [begun] = useState(() => readKept(userId, id));
  const [draft, setDraft] = useState(begun?.draft ?? draftOf(saved));
  const [seen, setSeen] = useState(begun?.seen ?? saved.updated_at);
  const isChanged = hasChanges(saved, draft);

  const before = useRef(saved);
  useEffect(() => {
    const was = before.current;
    before.current = saved;
    // Nothing was written here: there is only what others saved.
    if (was.updated_at !== saved.updated_at && !hasChanges(was, draft)) {
      setDraft(draftOf(saved));
      setSeen(saved.updated_at);
    }
  }, [saved, draft]);

  useEffect(() => writeKept(userId, id, isChanged ? { draft, seen } : null), [userId, id, isChanged, draft, seen]);

  return {
    draft,
    change: setDraft,
    isChanged,
    seen,
    isOvertaken: isChanged && seen !== saved.updated_at,
    isRestored: begun !== null && isChanged && draft === begun.draft,
    rebase(next, kept = draftOf(next)) {
      setDraft(kept);
      setSeen(next.updated_at);
    },
  };
}
