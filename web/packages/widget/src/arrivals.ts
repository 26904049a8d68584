/**
 * Owns what happens when a message comes: the events for the page, the sound, the title, the preview beside the launcher.
 * Invariant: history is no arrival; each message arrives once, and of all tabs one makes a sound.
 */
import type { Conversation, ConversationMessage } from "@smilechat/client";
import { tell } from "./events";

export function watchArrivals(conversation: Conversation, arrived: (message: ConversationMessage) => void): () => void {
  // What a new conversation holds has all been said here and now; of an earlier one, only what follows its history has.
  let newest = conversation.ticketId.get() === null ? 0 : null;
  const look = () => {
    const stored = conversation.messages.get().filter((message) => message.seq !== null);
    const seqOf = (message: ConversationMessage) => message.seq ?? 0;
    const last = Math.max(0, ...stored.map(seqOf));
    if (newest === null) {
      if (conversation.connection.get() === "live") newest = last;
      return;
    }
    const before = newest;
    newest = Math.max(before, last);
    for (const message of stored.filter((one) => seqOf(one) > before)) {
      if (message.kind === "event") continue;
      tell("message", {
        text: message.message_content,
        own: message.own,
        sender: message.sender.name,
        timestamp: message.timestamp,
      });
      if (!message.own) arrived(message);
    }
  };
  look();
  const endings = [conversation.messages.subscribe(look), conversation.connection.subscribe(look)];
  return () => {
    for (const end of endings) end();
  };
}
