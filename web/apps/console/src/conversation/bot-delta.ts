// An answer of the bot while it is being written: the whole text so far, until it is stored, given up, or silent for long.
import type { Client } from "@smilechat/client";

const SILENCE_MS = 10_000;

interface Place {
  on: Client["on"];
  ticketId: string;
  /** Neither the customer nor staff. */
  isBot: (userId: string) => boolean;
}

/** Calls `show` with each text, and with null when there is none any more; the answer ends it. */
export function followBotDelta({ on, ticketId, isBot }: Place, show: (text: string | null) => void): () => void {
  let silence: ReturnType<typeof setTimeout> | undefined;
  /** What is stored needs no draft, even one that comes late. */
  const stored = new Set<string>();
  const drop = () => {
    clearTimeout(silence);
    show(null);
  };
  const stops = [
    on("bot_delta", ({ ticket_id, message_id, text }) => {
      if (ticket_id !== ticketId || stored.has(message_id)) return;
      clearTimeout(silence);
      silence = setTimeout(drop, SILENCE_MS);
      show(text);
    }),
    on("chat_message", ({ ticket_id, message_id }) => {
      if (ticket_id !== ticketId) return;
      stored.add(message_id);
      drop();
    }),
    on("typing", ({ ticket_id, user_id, is_typing }) => {
      if (ticket_id === ticketId && !is_typing && isBot(user_id)) drop();
    }),
  ];
  return () => {
    clearTimeout(silence);
    for (const stop of stops) stop();
  };
}
