/**
 * Owns what follows from a conversation while it is the visitor's: it is joined, its unread messages are counted, and a
 * message that comes is announced. Used by the widget, with the client package. Invariant: what is begun here ends with it.
 */
import type { Conversation, ConversationMessage } from "@smilechat/client";
import { watchArrivals } from "./arrivals";
import { flashTitle, listenForGesture, playSound, restoreTitle } from "./attention";

export interface Follower {
  unread(count: number): void;
  arrived(message: ConversationMessage): void;
  wantsSound(): boolean;
  titleFor(message: ConversationMessage): string;
}

export function follow(conversation: Conversation, follower: Follower): () => void {
  const countUnread = (count: number) => {
    if (!count) restoreTitle();
    follower.unread(count);
  };
  countUnread(conversation.unread.get());
  const endings = [
    listenForGesture(),
    conversation.open(),
    conversation.unread.subscribe(countUnread),
    watchArrivals(conversation, (message) => {
      if (follower.wantsSound()) playSound(message.key);
      flashTitle(follower.titleFor(message));
      follower.arrived(message);
    }),
    restoreTitle,
  ];
  return () => {
    for (const end of endings) end();
  };
}
