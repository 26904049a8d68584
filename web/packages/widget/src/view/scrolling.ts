/**
 * Owns where the reader is in the list: at the end it stays at the end, elsewhere it stays where it is, whatever is
 * added above or below. Used by the list.
 */
import type { ConversationMessage } from "@smilechat/client";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

const NEAR = 48;

export function useScrolling(messages: readonly ConversationMessage[], loadOlder: () => void) {
  const area = useRef<HTMLDivElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const [missed, setMissed] = useState(0);
  const [isLookedAt, setLookedAt] = useState(document.visibilityState === "visible");
  const before = useRef({ height: 0, first: "", last: "" });

  const toEnd = () => {
    const element = area.current;
    // Before anything is said, the beginning is what there is to read.
    if (element && messages.length) element.scrollTop = element.scrollHeight;
  };

  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    const [first, last] = [messages[0]?.key ?? "", messages.at(-1)?.key ?? ""];
    const was = before.current;
    const isOwnNews = last !== was.last && messages.at(-1)?.own === true;
    if (isAtEnd || isOwnNews) toEnd();
    else if (first !== was.first) element.scrollTop += element.scrollHeight - was.height;
    if (!isAtEnd && last !== was.last && !isOwnNews && was.last) setMissed((count) => count + 1);
    before.current = { height: element.scrollHeight, first, last };
  });

  useEffect(() => {
    const element = area.current;
    if (!element) return;
    // The composer grows, the keyboard of a phone comes up, a file is shown: the end stays in sight.
    const observer = new ResizeObserver(() => isAtEnd && toEnd());
    observer.observe(element);
    if (element.firstElementChild) observer.observe(element.firstElementChild);
    return () => observer.disconnect();
  }, [isAtEnd, !messages.length]);

  useEffect(() => {
    const stop = new AbortController();
    const look = () => setLookedAt(document.visibilityState === "visible");
    document.addEventListener("visibilitychange", look, stop);
    return () => stop.abort();
  }, []);

  const onScroll = () => {
    const element = area.current;
    if (!element?.offsetParent) return;
    const isNear = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    if (isNear) setMissed(0);
    setAtEnd(isNear);
    if (element.scrollTop < NEAR && !isNear) loadOlder();
  };

  return { area, isAtEnd, isLookedAt, missed, toEnd, onScroll };
}
