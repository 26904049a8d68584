// An article while somebody writes it, and what of it is not saved. Pure.
import type { Article, ArticlePatch, NewArticle } from "../backend/types";

export interface ArticleDraft {
  title: string;
  slug: string;
  collection_id: string | null;
  language: string;
  keywords: string[];
  body: string;
}

export const EMPTY: ArticleDraft = { title: "", slug: "", collection_id: null, language: "en", keywords: [], body: "" };

export function draftOf({ title, slug, collection_id, language, keywords, body }: Article): ArticleDraft {
  return { title, slug, collection_id, language, keywords, body };
}

/** What differs from the article as it is saved. */
export function changes(saved: Article, draft: ArticleDraft): ArticlePatch {
  const before = draftOf(saved);
  const fields = Object.entries(draft) as [keyof ArticleDraft, unknown][];
  return Object.fromEntries(fields.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])));
}

export function hasChanges(saved: Article, draft: ArticleDraft): boolean {
  return Object.keys(changes(saved, draft)).length > 0;
}

/** An empty address is made of the title, by the server. */
export function newArticleOf({ slug, ...rest }: ArticleDraft): NewArticle {
  return { ...rest, ...(slug === "" ? {} : { slug }) };
}

export function isBlank(draft: ArticleDraft): boolean {
  return draft.title.trim() === "" && draft.body.trim() === "";
}

export function isComplete(draft: ArticleDraft): boolean {
  return draft.title.trim() !== "" && draft.body.trim() !== "";
}
