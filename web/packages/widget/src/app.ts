/**
 * Owns the commands of `window.SmileChat`. The loader calls `start` with the calls made so far.
 * Invariant: commands are carried out in the order called.
 */
import type { Call } from "./config";
import { ignore, listen, tell } from "./events";
import { createWidget } from "./widget";

/** What a page gives is not typed: each command copes with what is missing. */
type Command = (...given: unknown[]) => unknown;

export function start(calls: Call[], server: string, nonce?: string): void {
  const commands = { ...createWidget(server, nonce), on: listen, off: ignore } as Record<string, Command>;
  let before = Promise.resolve();
  const run = ([name, ...given]: Call) => {
    const command = Object.hasOwn(commands, String(name)) ? commands[String(name)] : undefined;
    if (!command) return tell("error", { code: "unknown_command", message: `No command: ${name}` });
    before = before
      .then(async () => {
        await command(...given);
      })
      .catch((error: Error & { code?: string }) => {
        console.error(`SmileChat: ${error.message}`);
        tell("error", { code: error.code ?? "failed", message: error.message });
      });
  };
  for (const call of calls.splice(0)) run(call);
  // From here on the loader's queue is the way in.
  calls.push = (...more) => {
    more.forEach(run);
    return 0;
  };
}
