/** Tells the server how far this side has read. Used by a conversation. */
import type { Environment } from "./platform.js";

/** Scrolling through messages is told once. */
const CALM = 300;

export interface Reading {
  /** All up to here is read. */
  upTo(seq: number): void;
  /** Tells again what may not have arrived. */
  repeat(): void;
  stop(): void;
}

/** `tell` rejects if it could not. */
export function createReading(environment: Environment, tell: (seq: number) => Promise<void>): Reading {
  let wanted = 0;
  let told = 0;
  let timer: (() => void) | null = null;

  const flush = async () => {
    timer = null;
    const seq = wanted;
    if (seq <= told) return;
    await tell(seq).then(
      () => {
        told = Math.max(told, seq);
      },
      () => {},
    );
  };
  return {
    upTo(seq) {
      if (seq <= wanted) return;
      wanted = seq;
      timer ??= environment.after(CALM, () => void flush());
    },
    repeat: () => void flush(),
    stop() {
      // What was read is read, even if the page goes at once.
      if (timer) {
        timer();
        void flush();
      }
    },
  };
}
