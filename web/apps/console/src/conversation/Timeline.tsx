// The line of time: scrolls like a conversation (the newest at the foot, older ones as one goes up) and marks as read
// what was really on the screen.
import { Button, Skeleton } from "@mantine/core";
import { IconArrowDown } from "@tabler/icons-react";
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useObservable } from "../backend/observe";
import { useMe } from "../backend/session";
import type { Conversation, ConversationMessage, Ticket } from "../backend/types";
import { dayLabel, fullTime } from "../parts/time";
import { useHistory, useNotes } from "../tickets/asides";
import { historyWords, type NameOf } from "../tickets/history-words";
import { staffName, usePerson, useStaff } from "../tickets/people";
import { BotWriting } from "./BotWriting";
import { MessageBubble } from "./MessageBubble";
import { NoteBubble } from "./NoteBubble";
import styles from "./Timeline.module.css";
import { type TimelineItem, timeline } from "./timeline-items";
import { useMarkRead } from "./use-mark-read";

const NEAR = 80;

export function Timeline({ ticket, conversation }: { ticket: Ticket | undefined; conversation: Conversation }) {
  const messages = useObservable(conversation.messages);
  const hasOlder = useObservable(conversation.hasOlder);
  const connection = useObservable(conversation.connection);
  const id = conversation.ticketId.get() ?? "";
  const notes = useNotes(id);
  const history = useHistory(id);
  const readUpTo = useReadUpTo(messages, conversation, ticket?.customer_id);
  const items = useMemo(
    () => timeline({ messages, notes, history, readUpTo, isComplete: !hasOlder }),
    [messages, notes, history, readUpTo, hasOlder],
  );

  const scroller = useRef<HTMLDivElement>(null);
  const [isAtEnd, setIsAtEnd] = useState(true);
  useFollow(scroller, items, isAtEnd);
  useMarkRead(conversation, isAtEnd);

  const onScroll = () => {
    const box = scroller.current;
    if (!box) return;
    setIsAtEnd(box.scrollHeight - box.scrollTop - box.clientHeight < NEAR);
    if (box.scrollTop < 240 && hasOlder) void conversation.loadOlder();
  };
  const toEnd = () => scroller.current?.scrollTo({ top: scroller.current.scrollHeight, behavior: "smooth" });

  const isLoading = messages.length === 0 && (!ticket || ticket.last_seq > 0) && connection !== "live";
  return (
    <div className={styles.frame}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard */}
      <div className={styles.scroller} ref={scroller} onScroll={onScroll} role="log" aria-label="Messages" tabIndex={0}>
        <div className={styles.items}>
          {hasOlder && <p className={styles.older}>Loading older messages…</p>}
          {isLoading ? (
            <Waiting />
          ) : (
            items.map((item) => <Item key={item.key} item={item} ticket={ticket} conversation={conversation} />)
          )}
          {ticket && <BotWriting ticket={ticket} />}
        </div>
      </div>
      {!isAtEnd && (
        <Button
          className={styles.newest}
          size="compact-sm"
          variant="default"
          radius="xl"
          leftSection={<IconArrowDown size={14} />}
          onClick={toEnd}
        >
          Newest
        </Button>
      )}
    </div>
  );
}

interface ItemProps {
  item: TimelineItem;
  ticket: Ticket | undefined;
  conversation: Conversation;
}

const Item = memo(function Item({ item, ticket, conversation }: ItemProps) {
  switch (item.kind) {
    case "day":
      return <p className={styles.day}>{dayLabel(item.timestamp)}</p>;
    case "unread":
      return (
        <p className={styles.unread}>
          <span>New</span>
        </p>
      );
    case "message":
      return (
        <MessageBubble
          {...item}
          isCustomers={item.message.sender.id === ticket?.customer_id}
          conversation={conversation}
        />
      );
    case "note":
      return <NoteBubble note={item.note} />;
    case "event":
      return <EventLine item={item} ticket={ticket} />;
  }
});

function EventLine({ item, ticket }: { item: Extract<TimelineItem, { kind: "event" }>; ticket: Ticket | undefined }) {
  const me = useMe();
  // Names come with these two; the line is drawn anew when they are there.
  useStaff();
  const customer = usePerson(ticket?.customer_id);
  const nameOf: NameOf = (userId) => (userId === customer?.id ? customer.name : staffName(userId));
  return (
    <p className={styles.event} title={fullTime(item.entry.timestamp)}>
      {historyWords(item.entry, me.id, nameOf)}
    </p>
  );
}

function Waiting() {
  return (
    <div className={styles.waiting} role="status" aria-label="Loading messages">
      <Skeleton width="52%" height={56} radius={16} />
      <Skeleton width="38%" height={36} radius={16} />
      <Skeleton width="58%" height={72} radius={16} ml="auto" />
      <Skeleton width="44%" height={40} radius={16} />
    </div>
  );
}

/** How far the staff had read when the conversation was opened: where the line "New" stands, until it is left. */
function useReadUpTo(
  messages: readonly ConversationMessage[],
  conversation: Conversation,
  customerId: string | undefined,
) {
  const [readUpTo, setReadUpTo] = useState<number | null>(null);
  const isKnown = useRef(false);
  useEffect(() => {
    if (isKnown.current || messages.length === 0 || !customerId) return;
    isKnown.current = true;
    const theirs = messages.filter((message) => message.sender.id === customerId && message.seq !== null);
    const unread = conversation.unread.get();
    if (unread > 0) setReadUpTo(theirs.at(-1 - unread)?.seq ?? 0);
  }, [messages, conversation, customerId]);
  return readUpTo;
}

/** Stays at the end when one is there, and in place when older messages come in above. */
function useFollow(scroller: React.RefObject<HTMLDivElement | null>, items: TimelineItem[], isAtEnd: boolean): void {
  const before = useRef({ first: "", height: 0 });
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const first = items.find((item) => item.kind === "message")?.key ?? "";
    const grewAbove = before.current.first !== "" && before.current.first !== first;
    if (isAtEnd) box.scrollTop = box.scrollHeight;
    else if (grewAbove) box.scrollTop += box.scrollHeight - before.current.height;
    before.current = { first, height: box.scrollHeight };
  }, [scroller, items, isAtEnd]);
  useEffect(() => {
    const box = scroller.current;
    if (!box || !isAtEnd) return;
    // Pictures and the composer change heights after the text is there.
    const observer = new ResizeObserver(() => {
      box.scrollTop = box.scrollHeight;
    });
    observer.observe(box);
    if (box.firstElementChild) observer.observe(box.firstElementChild);
    return () => observer.disconnect();
  }, [scroller, isAtEnd]);
}
