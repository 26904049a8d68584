// Beside the conversation: who the customer is, the ticket's facts, the customer's other tickets, what happened.
import { Button, Skeleton } from "@mantine/core";
import { modals } from "@mantine/modals";
import { notifications } from "@mantine/notifications";
import { IconTrash } from "@tabler/icons-react";
import { useLocation } from "wouter";
import { client } from "../backend/client";
import { inWords } from "../backend/errors";
import type { Ticket } from "../backend/types";
import { Dialogs } from "../parts/Dialogs";
import { forgetTicket, useTicket } from "../tickets/tickets";
import { BotSection } from "./BotSection";
import { CustomerCard } from "./CustomerCard";
import styles from "./DetailsPane.module.css";
import { HistoryList } from "./HistoryList";
import { OtherTickets } from "./OtherTickets";
import { SummarySection } from "./SummarySection";
import { TicketFacts } from "./TicketFacts";
import { TicketRating } from "./TicketRating";

export function DetailsPane({ ticketId }: { ticketId: string }) {
  const { data: ticket } = useTicket(ticketId);
  if (!ticket) {
    return (
      <div className={styles.section} role="status" aria-label="Loading">
        <Skeleton width={48} height={48} radius={16} />
        <Skeleton width="60%" height={12} mt="md" />
        <Skeleton width="80%" height={10} mt="sm" />
      </div>
    );
  }
  return (
    <Dialogs>
      <div className={styles.pane}>
        <CustomerCard customerId={ticket.customer_id} />
        <TicketFacts ticket={ticket} />
        <SummarySection ticket={ticket} />
        <BotSection ticket={ticket} />
        <TicketRating ticket={ticket} />
        <OtherTickets ticket={ticket} />
        <HistoryList ticket={ticket} />
        <Removal ticket={ticket} />
      </div>
    </Dialogs>
  );
}

function Removal({ ticket }: { ticket: Ticket }) {
  const [, navigate] = useLocation();
  const remove = async () => {
    try {
      await client.request("DELETE /api/tickets/{id}", { path: { id: ticket.ticket_id } });
      navigate("/inbox/mine");
      forgetTicket(ticket.ticket_id);
    } catch (error) {
      notifications.show({ title: "Not deleted", message: inWords(error), color: "red", withBorder: true });
    }
  };
  const ask = () =>
    modals.openConfirmModal({
      title: `Delete ticket #${ticket.number}?`,
      children: "Its messages, notes and files are gone for everybody, the customer too. This cannot be undone.",
      labels: { confirm: "Delete for good", cancel: "Keep it" },
      confirmProps: { color: "red" },
      onConfirm: () => void remove(),
    });
  return (
    <div className={styles.section}>
      <Button variant="subtle" color="gray" size="compact-sm" leftSection={<IconTrash size={15} />} onClick={ask}>
        Delete this ticket
      </Button>
    </div>
  );
}
