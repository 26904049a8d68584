// Which articles a list shows. Pure.
import type { ArticleStatus, ArticleSummary } from "../backend/types";

/** Of articles that stand in no collection. */
export const LOOSE = "none";

export interface Narrowing {
  /** A collection's id, `LOOSE`, or null for all. */
  collection: string | null;
  status: ArticleStatus | null;
  language: string | null;
  search: string;
}

export function narrow(articles: readonly ArticleSummary[], by: Narrowing): ArticleSummary[] {
  const words = fold(by.search).split(/\s+/u).filter(Boolean);
  return articles.filter((article) => {
    if (by.collection === LOOSE ? article.collection_id : by.collection && article.collection_id !== by.collection) {
      return false;
    }
    if (by.status && article.status !== by.status) return false;
    if (by.language && article.language !== by.language) return false;
    const text = fold([article.title, article.slug, ...article.keywords].join(" "));
    return words.every((word) => text.includes(word));
  });
}

export function languagesOf(articles: readonly ArticleSummary[]): string[] {
  return [...new Set(articles.map(({ language }) => language))].sort();
}

/** How many stand in each collection, by its id or `LOOSE`. */
export function countByCollection(articles: readonly ArticleSummary[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { collection_id } of articles) {
    const place = collection_id ?? LOOSE;
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  return counts;
}

/** "German (de)" */
export function languageName(tag: string): string {
  try {
    const name = new Intl.DisplayNames(["en"], { type: "language", fallback: "none" }).of(tag);
    return name ? `${name} (${tag})` : tag;
  } catch {
    return tag;
  }
}

function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}
