/**
 * Owns the first questions to the server: how the widget looks, who is there, what there is to read. Used by the widget, without the client
 * package, which a page loads only once somebody writes.
 */
import type { PageConfig, ServerSettings } from "./config";

/** The server knows the key and will not have it used here: there is nothing to show. */
export class Refused extends Error {
  readonly code = "refused";
}

const PATIENCE = 6_000;

export function ask(server: string, page: PageConfig, path: string): Promise<Response> {
  return fetch(`${server}/api/${path}`, {
    headers: page.apiKey ? { "X-API-Key": page.apiKey } : {},
    signal: AbortSignal.timeout(PATIENCE),
  });
}

/** Nothing, if the server is out of reach or older than the question: then the defaults serve. */
export async function askIntroduction(server: string, page: PageConfig): Promise<Partial<ServerSettings>> {
  let answer: Response;
  try {
    answer = await ask(server, page, "widget");
    if (answer.ok) return (await answer.json()) as ServerSettings;
  } catch {
    return {};
  }
  if (answer.status === 401 || answer.status === 403) throw new Refused("This page is refused.");
  return {};
}
