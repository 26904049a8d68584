// Saving as components use it: optimistic, with words for what went wrong.
import { notifications } from "@mantine/notifications";
import { useCallback } from "react";
import { inWords } from "../backend/errors";
import { queryClient } from "../backend/query-client";
import { useMe } from "../backend/session";
import type { Ticket, TicketPatch } from "../backend/types";
import { staffName } from "./people";
import { anticipate, Overtaken, save, ticketCalls } from "./save";
import { applyTicket, knownTicket, ticketKeys } from "./tickets";

export type SaveTicket = (ticket: Ticket, patch: TicketPatch) => Promise<boolean>;

/** Answers whether it was saved. */
export function useSaveTicket(): SaveTicket {
  const me = useMe();
  return useCallback(
    async (shown, patch) => {
      const seen = knownTicket(shown.ticket_id) ?? shown;
      applyTicket(anticipate(seen, patch, me.id));
      try {
        applyTicket(await save(ticketCalls, seen, patch));
        void queryClient.invalidateQueries({ queryKey: ticketKeys.counts });
        return true;
      } catch (error) {
        applyTicket(error instanceof Overtaken ? error.current : seen);
        tell(error, patch);
        return false;
      }
    },
    [me.id],
  );
}

function tell(error: unknown, patch: TicketPatch): void {
  const message = error instanceof Overtaken ? overtakenWords(error.current, patch) : inWords(error);
  notifications.show({ title: "Not saved", message, color: "red", withBorder: true });
}

function overtakenWords(current: Ticket, patch: TicketPatch): string {
  if (patch.status === "in_progress" || patch.support_id !== undefined) {
    const holder = current.support_id ? staffName(current.support_id) : null;
    return holder ? `${holder} was faster and has this ticket now.` : "A colleague has just put this ticket back.";
  }
  if (patch.status)
    return `A colleague has changed this ticket meanwhile: it is ${current.status.replace("_", " ")} now.`;
  return "A colleague has changed the same thing meanwhile. You see their version now; change it again if you like.";
}
