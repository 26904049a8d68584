/** Time that passes only when told. */
import { type Environment, hostEnvironment } from "../../src/platform.js";

export interface Clock {
  readonly environment: Environment;
  /** Lets time pass, and what is due happen in its order. */
  pass(milliseconds: number): Promise<void>;
}

export function clock(random: () => number = () => 0.5): Clock {
  let now = 1_000_000;
  let due: { at: number; callback: () => void }[] = [];
  const settle = () => new Promise((done) => setImmediate(done));
  return {
    environment: {
      ...hostEnvironment(),
      locks: null,
      random,
      now: () => now,
      after(milliseconds, callback) {
        const timer = { at: now + milliseconds, callback };
        due.push(timer);
        return () => {
          due = due.filter((other) => other !== timer);
        };
      },
    },
    async pass(milliseconds) {
      const end = now + milliseconds;
      await settle();
      for (;;) {
        const [next] = due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (!next) break;
        due = due.filter((timer) => timer !== next);
        now = next.at;
        next.callback();
        await settle();
      }
      now = end;
    },
  };
}
