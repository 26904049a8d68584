/**
 * Owns which languages there are and which one is spoken. Each is a file that is fetched when it is needed; English is
 * always there. A new language is a file beside this one and a line in `LANGUAGES`.
 */
import { en, type Texts } from "./en";

export type { Texts };

export interface Language {
  /** For `lang` and for dates. */
  code: string;
  direction: "ltr" | "rtl";
  texts: Texts;
}

export const ENGLISH: Language = { code: "en", direction: "ltr", texts: en };

export const LANGUAGES: Record<string, () => Promise<{ texts: Texts }>> = {
  en: async () => ENGLISH,
  es: () => import("./es"),
  de: () => import("./de"),
  fr: () => import("./fr"),
  ar: () => import("./ar"),
  bn: () => import("./bn"),
  hi: () => import("./hi"),
};

const RIGHT_TO_LEFT = new Set(["ar"]);

/** `wanted` is a code such as `de` or `de-AT`, or `auto` for the first of the browser's that we speak. */
export async function speak(wanted: string, browser: readonly string[]): Promise<Language> {
  for (const tag of wanted === "auto" ? browser : [wanted]) {
    const code = tag.toLowerCase().split(/[-_]/)[0] ?? "";
    const load = Object.hasOwn(LANGUAGES, code) && LANGUAGES[code];
    if (!load) continue;
    try {
      const { texts } = await load();
      return { code: plain(tag), direction: RIGHT_TO_LEFT.has(code) ? "rtl" : "ltr", texts };
    } catch {
      // Without its file a language cannot be spoken; English can.
      return ENGLISH;
    }
  }
  return ENGLISH;
}

export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (mark, name: string) => String(values[name] ?? mark));
}

/** A tag that `Intl` takes; what a page gives may be none. */
function plain(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag.replace("_", "-"))[0] ?? "en";
  } catch {
    return "en";
  }
}
