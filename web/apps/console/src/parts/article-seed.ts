// What an article begins with that is begun elsewhere: handed over in the state of the address `/knowledge/new`.
export interface ArticleSeed {
  title?: string;
  body?: string;
  collection_id?: string | null;
  /** Where it comes from, in a sentence. */
  from?: string;
}

export const NEW_ARTICLE = "/knowledge/new";
