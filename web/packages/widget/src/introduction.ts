/**
 * Owns the first questions to the server: how the widget looks, who is there, what there is to read. Used by the widget, without the client
 * package, which a page loads only once somebody writes.
 */
import type { PageConfig, ServerSettings } from "./config";
import type { Refusal } from "./refusal";

const PATIENCE = 6_000;

export function ask(server: string, page: PageConfig, path: string): Promise<Response> {
  return fetch(`${server}/api/${path}`, {
    headers: page.apiKey ? { "X-API-Key": page.apiKey } : {},
    signal: AbortSignal.timeout(PATIENCE),
  });
}

export interface Introduction {
  /** None, if the server is out of reach or older than the question: then the defaults serve. */
  settings?: ServerSettings;
  /** The server is there, and will not have this page. */
  refusal?: Refusal | null;
}

export async function askIntroduction(server: string, page: PageConfig): Promise<Introduction> {
  let code: string | undefined;
  try {
    const answer = await ask(server, page, "widget");
    const told = await answer.json();
    if (answer.ok) return { settings: told };
    code = String(told.code);
  } catch (fault) {
    if (!(fault instanceof TypeError)) return {};
  }
  const part = await import("./refusal").catch(() => null);
  return { refusal: await part?.refusalOf(server, code) };
}
