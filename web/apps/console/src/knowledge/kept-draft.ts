// What somebody wrote of an article and has not saved: kept in this browser, so that neither another page nor a crash loses it.
// It goes with the other drafts when they sign out (tickets/drafts.ts).
import { keep, kept } from "../browser/storage";
import { draftKey } from "../tickets/drafts";
import type { ArticleDraft } from "./article-draft";

export interface KeptDraft {
  draft: ArticleDraft;
  /** The `updated_at` of the article that it was begun upon; null for a new one. */
  seen: string | null;
}

export function readKept(userId: string, name: string): KeptDraft | null {
  try {
    const found = JSON.parse(kept(keyOf(userId, name)) ?? "null") as KeptDraft | null;
    return typeof found?.draft?.body === "string" ? found : null;
  } catch {
    return null;
  }
}

export function writeKept(userId: string, name: string, draft: KeptDraft | null): void {
  keep(keyOf(userId, name), draft && JSON.stringify(draft));
}

export function hasUnsaved(userId: string, articleId: string): boolean {
  return kept(keyOf(userId, articleId)) !== null;
}

function keyOf(userId: string, name: string): string {
  return draftKey(userId, "article", name);
}
