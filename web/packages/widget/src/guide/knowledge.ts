/** Owns the questions to the help centre: what there is, what fits some words, one article. No account is needed for any. */
import type { Answer } from "@smilechat/client";
import type { PageConfig } from "../config";
import { ask } from "../introduction";

export interface Hit {
  slug: string;
  title: string;
  language: string;
  excerpt: string;
}

export interface Reading {
  title: string;
  language: string;
  body: string;
  /** Its page in the help centre. */
  href: string;
}

export interface Knowledge {
  find(words: string): Promise<Hit[]>;
  /** What there is, of a language first. */
  list(language: string): Promise<Hit[]>;
  read(slug: string): Promise<Reading>;
}

const FEW = 8;

export function knowledge(server: string, page: PageConfig, helpPath: string): Knowledge {
  const get = async <T>(path: string): Promise<T> => {
    const answer = await ask(server, page, path);
    if (!answer.ok) throw new Error(`The help centre answered ${answer.status}.`);
    return (await answer.json()) as T;
  };
  return {
    async find(words) {
      const { data } = await get<Answer<"GET /api/kb/search">>(`kb/search?q=${encodeURIComponent(words)}`);
      const least = (data[0]?.score ?? 0) / 4;
      return data
        .filter(({ score }) => score >= least)
        .map(({ slug, title, language, text }) => ({ slug, title, language, excerpt: text }));
    },
    async list(language) {
      const wanted = encodeURIComponent(language.split("-")[0] ?? "");
      const own = await get<Answer<"GET /api/kb/articles">>(`kb/articles?limit=${FEW}&language=${wanted}`);
      const { data } = own.data.length ? own : await get<Answer<"GET /api/kb/articles">>(`kb/articles?limit=${FEW}`);
      return data.map(({ slug, title, language: of }) => ({ slug, title, language: of, excerpt: "" }));
    },
    async read(slug) {
      const { title, language, body } = await get<Answer<"GET /api/kb/articles/{id}">>(`kb/articles/${slug}`);
      return { title, language, body, href: new URL(`${server}${helpPath}/${slug}`, location.href).href };
    },
  };
}
