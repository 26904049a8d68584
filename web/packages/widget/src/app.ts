/**
 * Owns the commands of `window.SmileChat`. The loader calls `start` with the calls made so far.
 * Invariant: commands are carried out in the order called.
 */
import type { Call, PageConfig } from "./config";
import { ignore, type Listener, listen, tell } from "./events";
import { createWidget, type Proof } from "./widget";

export function start(calls: Call[], server: string, nonce?: string): void {
  const widget = createWidget(server, nonce);
  const commands: Record<string, (...given: unknown[]) => unknown> = {
    boot: (config) => widget.boot(config as PageConfig | undefined),
    update: (config) => widget.update((config ?? {}) as PageConfig),
    identify: (proof) => widget.identify(proof as Proof),
    open: () => widget.open(),
    close: () => widget.close(),
    toggle: () => widget.toggle(),
    shutdown: () => widget.shutdown(),
    on: (name, listener) => listen(String(name), listener as Listener),
    off: (name, listener) => ignore(String(name), listener as Listener | undefined),
  };
  let before = Promise.resolve();
  const run = ([name, ...given]: Call) => {
    const command = Object.hasOwn(commands, String(name)) ? commands[String(name)] : undefined;
    if (!command) return tell("error", { code: "unknown_command", message: `There is no command "${String(name)}".` });
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
