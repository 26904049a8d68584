// What the bot is writing just now. Nobody is told each word of it: the message itself is announced when it is there.
import { IconRobot } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { client } from "../backend/client";
import type { Ticket } from "../backend/types";
import { useStaff } from "../tickets/people";
import { followBotDelta } from "./bot-delta";
import styles from "./MessageBubble.module.css";

export function BotWriting({ ticket }: { ticket: Ticket }) {
  const [text, setText] = useState<string | null>(null);
  const staff = useStaff();
  const people = useRef<Set<string>>(new Set());
  people.current = new Set([ticket.customer_id, ...staff.map(({ id }) => id)]);
  const ticketId = ticket.ticket_id;
  useEffect(() => {
    const isBot = (userId: string) => !people.current.has(userId);
    return followBotDelta({ on: client.on, ticketId, isBot }, setText);
  }, [ticketId]);
  if (text === null) return null;
  return (
    <article className={styles.message} data-side="ours" data-first="true" data-last="true" aria-live="off">
      <div className={styles.body}>
        <p className={styles.by}>
          <IconRobot size={13} aria-hidden="true" /> The bot is writing…
        </p>
        <div className={styles.bubble} data-state="writing" dir="auto">
          {text}
        </div>
      </div>
    </article>
  );
}
