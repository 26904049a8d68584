// A message is read when its end of the conversation was on the screen of somebody who was there.
import { useEffect, useState } from "react";
import { useObservable } from "../backend/observe";
import type { Conversation } from "../backend/types";

export function useMarkRead(conversation: Conversation, isAtEnd: boolean): void {
  const unread = useObservable(conversation.unread);
  const isHere = useIsHere();
  useEffect(() => {
    if (unread > 0 && isAtEnd && isHere) conversation.markRead();
  }, [conversation, unread, isAtEnd, isHere]);
}

function useIsHere(): boolean {
  const [isHere, setIsHere] = useState(look);
  useEffect(() => {
    const update = () => setIsHere(look());
    const events = ["focus", "blur", "visibilitychange"] as const;
    for (const event of events) addEventListener(event, update, true);
    update();
    return () => {
      for (const event of events) removeEventListener(event, update, true);
    };
  }, []);
  return isHere;
}

function look(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}
