// One ticket in the list: who, what, since when, and what matters about it.
import { Skeleton } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { memo } from "react";
import { Link } from "wouter";
import type { Ticket } from "../backend/types";
import { ChargeMark } from "../parts/ChargeMark";
import { Face } from "../parts/Face";
import { PriorityMark } from "../parts/PriorityMark";
import { shortTime } from "../parts/time";
import { useMinute } from "../parts/use-minute";
import { usePerson, usePresence, useStaff } from "../tickets/people";
import type { QueueId } from "../tickets/queues";
import { useHasDraft } from "../tickets/use-draft";
import styles from "./TicketRow.module.css";

export const ROW_HEIGHT = 82;

interface Props {
  ticket: Ticket;
  queue: QueueId;
  isCurrent: boolean;
  /** The list flies by: nobody is looked up for rows that nobody sees. */
  isPassing: boolean;
}

export const TicketRow = memo(function TicketRow({ ticket, queue, isCurrent, isPassing }: Props) {
  const customer = usePerson(ticket.customer_id, !isPassing);
  const presence = usePresence(ticket.customer_id);
  const hasDraft = useHasDraft(ticket.ticket_id);
  const isUnread = ticket.unread_count > 0 && ticket.status !== "closed";
  useMinute();
  return (
    <Link
      to={`/inbox/${queue}/${ticket.ticket_id}`}
      className={styles.row ?? ""}
      data-unread={isUnread}
      aria-current={isCurrent ? "true" : undefined}
    >
      <Face
        id={ticket.customer_id}
        name={customer?.name ?? ""}
        status={presence === "offline" ? undefined : presence}
      />
      <span className={styles.text}>
        <span className={styles.top}>
          <span className={styles.name}>{customer?.name ?? <Skeleton component="span" width={110} height={10} />}</span>
          <time dateTime={ticket.updated_at}>{shortTime(ticket.updated_at)}</time>
        </span>
        <span className={styles.subject}>{ticket.subject}</span>
        <span className={styles.facts}>
          <PriorityMark priority={ticket.priority} />
          <span className={styles.number}>#{ticket.number}</span>
          {ticket.status !== "closed" && ticket.bot_state && ticket.bot_state !== "human" && (
            <ChargeMark state={ticket.bot_state} isShort />
          )}
          {ticket.tags.slice(0, 2).map((tag) => (
            <span key={tag} className={styles.tag}>
              {tag}
            </span>
          ))}
          {hasDraft && (
            <span className={styles.draft}>
              <IconPencil size={12} aria-hidden="true" />
              Draft
            </span>
          )}
          <span className={styles.end}>
            {queue !== "mine" && <Holder userId={ticket.support_id} />}
            {isUnread && (
              <span className={styles.unread}>
                {Math.min(ticket.unread_count, 99)}
                <span className="visually-hidden"> unread</span>
              </span>
            )}
          </span>
        </span>
      </span>
    </Link>
  );
});

function Holder({ userId }: { userId: string | null | undefined }) {
  const holder = useStaff().find((person) => person.id === userId);
  if (!holder) return null;
  return (
    <span title={`With ${holder.name}`}>
      <Face id={holder.id} name={holder.name} url={holder.avatar_url} size="xs" />
      <span className="visually-hidden">with {holder.name}</span>
    </span>
  );
}

export function TicketRowSkeleton() {
  return (
    <div className={styles.row} aria-hidden="true">
      <Skeleton width={36} height={36} radius={12} />
      <span className={styles.text}>
        <Skeleton width="45%" height={10} mt={4} />
        <Skeleton width="85%" height={10} mt={12} />
        <Skeleton width="30%" height={8} mt={12} />
      </span>
    </div>
  );
}
