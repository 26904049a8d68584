/** Who types in one conversation, and telling the others that we do. Used by a conversation. */
import type { Typing } from "./events.js";
import type { Source } from "./observable.js";
import type { Environment } from "./platform.js";
import type { Typist } from "./public.js";

/** The server ends an indicator after 6 s: it is renewed before, and taken for ended soon after. */
const RENEW_AFTER = 3_000;
const IDLE_AFTER = 4_000;
const FORGET_AFTER = 7_000;

export interface TypingSignals {
  hear(event: Pick<Typing, "user_id" | "is_typing"> & { name?: string }): void;
  /** We type, or no longer do. */
  signal(isTyping: boolean): void;
  /** We have sent what we typed; the server ended the indicator by itself. */
  sent(): void;
  clear(): void;
}

export function createTyping(
  environment: Environment,
  typists: Source<readonly Typist[]>,
  tell: (isTyping: boolean) => void,
): TypingSignals {
  const forgetting = new Map<string, () => void>();
  let toldAt: number | null = null;
  let idle = () => {};

  const forget = (userId: string) => {
    forgetting.get(userId)?.();
    forgetting.delete(userId);
    const rest = typists.get().filter(({ user_id }) => user_id !== userId);
    if (rest.length < typists.get().length) typists.set(rest);
  };
  const end = () => {
    idle();
    toldAt = null;
  };

  return {
    hear({ user_id, name, is_typing }) {
      if (!is_typing) return forget(user_id);
      forgetting.get(user_id)?.();
      forgetting.set(
        user_id,
        environment.after(FORGET_AFTER, () => forget(user_id)),
      );
      if (typists.get().every((typist) => typist.user_id !== user_id)) {
        typists.set([...typists.get(), { user_id, name: name ?? "" }]);
      }
    },
    signal(isTyping) {
      if (!isTyping) {
        if (toldAt !== null) tell(false);
        return end();
      }
      const now = environment.now();
      if (toldAt === null || now - toldAt >= RENEW_AFTER) {
        toldAt = now;
        tell(true);
      }
      idle();
      idle = environment.after(IDLE_AFTER, () => {
        end();
        tell(false);
      });
    },
    sent: end,
    clear() {
      end();
      for (const typist of typists.get()) forget(typist.user_id);
    },
  };
}
