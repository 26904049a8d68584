/**
 * Owns what the bot is writing, as far as it has come. Used by the chat. Invariant: it is gone once a message of the ticket is
 * there, the bot no longer types, or nothing has come for a while; what is stored is never shown as being written.
 */
import type { Client, Conversation } from "@smilechat/client";

const SILENCE = 10_000;

type Spoken = Pick<Conversation, "ticketId" | "messages" | "typing">;

export function followWriting(
  client: Pick<Client, "on">,
  conversation: Spoken,
  show: (text: string | null) => void,
): () => void {
  let shown = false;
  let silence: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    clearTimeout(silence);
    if (shown) show(null);
    shown = false;
  };
  const isHere = ({ ticket_id }: { ticket_id: string }) => ticket_id === conversation.ticketId.get();
  const endings = [
    client.on("bot_delta", (delta) => {
      const isStored = conversation.messages.get().some(({ message_id }) => message_id === delta.message_id);
      if (!isHere(delta) || isStored) return;
      clearTimeout(silence);
      silence = setTimeout(end, SILENCE);
      shown = true;
      show(delta.text);
    }),
    client.on("chat_message", (message) => isHere(message) && end()),
    conversation.typing.subscribe((typists) => typists.length || end()),
    end,
  ];
  return () => {
    for (const stop of endings) stop();
  };
}
