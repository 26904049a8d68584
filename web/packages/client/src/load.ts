/** Loads what a page can start without. Used by the connection and by conversations. */
import type { Environment } from "./platform.js";

const TRY_AGAIN = 3_000;

/** Tries until it is there: without a network it is not. */
export async function loadLive(environment: Environment): Promise<typeof import("./live.js")> {
  for (;;) {
    try {
      return await import("./live.js");
    } catch {
      await new Promise<void>((done) => void environment.after(TRY_AGAIN, done));
    }
  }
}
