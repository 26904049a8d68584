// What the ticket is, who else has it open, and what one does with it most.
import { ActionIcon, Avatar, Button, Skeleton, Tooltip } from "@mantine/core";
import { IconArrowLeft, IconCheck, IconHandGrab, IconLayoutSidebarRight, IconRotate } from "@tabler/icons-react";
import { useLocation } from "wouter";
import { useObservable } from "../backend/observe";
import { useMe } from "../backend/session";
import type { Conversation, Ticket } from "../backend/types";
import { useShortcut } from "../browser/shortcuts";
import { ChargeMark } from "../parts/ChargeMark";
import { Face } from "../parts/Face";
import { type QueueId, TICKET_STATUS_NAMES } from "../tickets/queues";
import { useSaveTicket } from "../tickets/use-save";
import { AssignMenu } from "./AssignMenu";
import { PriorityMenu } from "./PriorityMenu";
import styles from "./TicketHead.module.css";

interface Props {
  ticket: Ticket | undefined;
  conversation: Conversation;
  queue: QueueId;
  areDetailsShown: boolean;
  onDetails: () => void;
}

export function TicketHead({ ticket, conversation, queue, areDetailsShown, onDetails }: Props) {
  const [, navigate] = useLocation();
  useShortcut("details", onDetails);
  return (
    <header className={styles.head}>
      <ActionIcon
        className={styles.back}
        variant="subtle"
        color="gray"
        size="lg"
        aria-label="Back to the list"
        onClick={() => navigate(`/inbox/${queue}`)}
      >
        <IconArrowLeft size={20} />
      </ActionIcon>
      <div className={styles.what}>
        {ticket ? <h2 title={ticket.subject}>{ticket.subject}</h2> : <Skeleton width={220} height={14} my={6} />}
        {ticket && (
          <p>
            #{ticket.number} <Standing ticket={ticket} />
          </p>
        )}
      </div>
      <Viewers conversation={conversation} />
      {ticket && <Actions ticket={ticket} />}
      <Tooltip label={areDetailsShown ? "Hide the customer" : "Show the customer"}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label="Customer and ticket"
          aria-pressed={areDetailsShown}
          onClick={onDetails}
        >
          <IconLayoutSidebarRight size={19} stroke={1.75} />
        </ActionIcon>
      </Tooltip>
    </header>
  );
}

function Actions({ ticket }: { ticket: Ticket }) {
  const me = useMe();
  const save = useSaveTicket();
  const isClosed = ticket.status === "closed";
  const canTake = !isClosed && ticket.support_id !== me.id;
  const take = () => canTake && void save(ticket, { status: "in_progress", support_id: me.id });
  const toggle = () => void save(ticket, { status: isClosed ? "open" : "closed" });
  useShortcut("take", take);
  useShortcut("close", toggle);
  return (
    <div className={styles.actions}>
      <PriorityMenu ticket={ticket} />
      <AssignMenu ticket={ticket} />
      {canTake && !ticket.support_id && (
        <Button size="compact-md" className={styles.take} leftSection={<IconHandGrab size={16} />} onClick={take}>
          {ticket.bot_state === "bot" ? "Take over" : "Take"}
        </Button>
      )}
      <Tooltip label={isClosed ? "Reopen" : "Close"}>
        <Button
          size="compact-md"
          variant="default"
          leftSection={isClosed ? <IconRotate size={16} /> : <IconCheck size={16} />}
          onClick={toggle}
        >
          {isClosed ? "Reopen" : "Close"}
        </Button>
      </Tooltip>
    </div>
  );
}

/** Of a ticket that the bot has, or that waits for a person, that says more than that it is open. */
function Standing({ ticket }: { ticket: Ticket }) {
  const charge = ticket.status === "closed" ? null : ticket.bot_state;
  return (
    <>
      {(ticket.status !== "open" || !charge) && <StatusLabel ticket={ticket} />}
      {charge && <ChargeMark state={charge} />}
    </>
  );
}

function StatusLabel({ ticket }: { ticket: Ticket }) {
  return (
    <span className={styles.status} data-status={ticket.status}>
      {TICKET_STATUS_NAMES[ticket.status]}
    </span>
  );
}

function Viewers({ conversation }: { conversation: Conversation }) {
  const me = useMe();
  const others = useObservable(conversation.viewers).filter((viewer) => viewer.user_id !== me.id);
  if (others.length === 0) return null;
  const names = others.map((viewer) => viewer.name).join(", ");
  return (
    <Tooltip label={`Also here: ${names}`}>
      <div className={styles.viewers} role="img" aria-label={`Also here: ${names}`}>
        {others.slice(0, 3).map((viewer) => (
          <Face key={viewer.user_id} id={viewer.user_id} name={viewer.name} url={viewer.avatar_url} size="sm" />
        ))}
        {others.length > 3 && <Avatar size={28}>+{others.length - 3}</Avatar>}
      </div>
    </Tooltip>
  );
}
