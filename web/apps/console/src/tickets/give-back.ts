// Gives a ticket to the bot again: it answers from the customer's next message on.
import { notifications } from "@mantine/notifications";
import { client } from "../backend/client";
import { inWords } from "../backend/errors";
import { queryClient } from "../backend/query-client";
import type { Ticket } from "../backend/types";
import { applyTicket, ticketKeys } from "./tickets";

export async function giveBack(ticket: Ticket): Promise<void> {
  try {
    applyTicket(await client.request("DELETE /api/tickets/{id}/handoff", { path: { id: ticket.ticket_id } }));
    void queryClient.invalidateQueries({ queryKey: ticketKeys.counts });
  } catch (error) {
    notifications.show({ title: "Not given to the bot", message: inWords(error), color: "red", withBorder: true });
  }
}

/** It had a bot before, and a person has it, or is to have it, now. */
export function canGiveBack({ bot_state, status }: Ticket): boolean {
  return status !== "closed" && (bot_state === "human" || bot_state === "handoff_requested");
}
