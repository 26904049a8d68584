/**
 * Owns why the server will not have this page, for who builds the page and for its visitors. Fetched once the first question has
 * failed. Invariant: what may pass (no network, a server that starts, a proxy without its server) is no refusal.
 */
import { refusalText } from "./languages/refusal";

export interface Refusal {
  /** For who builds the page. */
  advice: string;
  /** For visitors, by the code of a language. */
  words(language: string): string;
}

const PATIENCE = 6_000;
const ADVICE: Record<string, (origin: string) => string> = {
  origin_not_allowed: (origin) =>
    `pages of ${origin} are not let in with this key. Add this origin in the console: Settings, Widget.`,
  unauthorized: () => "the server does not know this apiKey. Take a key from the console: Settings, Widget.",
};

/** `code` is the server's; undefined where no answer could be read. Null: it is no refusal. */
export async function refusalOf(server: string, code: string | undefined): Promise<Refusal | null> {
  // To a script, a page that is not let in looks like a lost connection. The loader is for every page to read.
  const cause = code ?? ((await isThere(server)) ? "origin_not_allowed" : "");
  const advice = Object.hasOwn(ADVICE, cause) && ADVICE[cause]?.(location.origin);
  return advice ? { advice: `${advice} (${cause})`, words: refusalText } : null;
}

async function isThere(server: string): Promise<boolean> {
  try {
    return (await fetch(`${server}/widget.js`, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) })).ok;
  } catch {
    return false;
  }
}
