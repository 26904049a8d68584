// What the bot has to do with the ticket.
import { Button } from "@mantine/core";
import { IconRobot } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "wouter";
import type { Ticket } from "../backend/types";
import { ChargeMark } from "../parts/ChargeMark";
import { canGiveBack, giveBack } from "../tickets/give-back";
import styles from "./DetailsPane.module.css";

export function BotSection({ ticket }: { ticket: Ticket }) {
  const [isBusy, setIsBusy] = useState(false);
  if (!ticket.bot_state) return null;
  const give = async () => {
    setIsBusy(true);
    await giveBack(ticket);
    setIsBusy(false);
  };
  return (
    <section className={styles.section} aria-label="Bot">
      <h3>Bot</h3>
      <p className={styles.bot}>
        <ChargeMark state={ticket.bot_state} />
        <Link to={`/knowledge/runs?ticket=${ticket.ticket_id}`}>What the bot did</Link>
      </p>
      {canGiveBack(ticket) && (
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconRobot size={15} />}
          loading={isBusy}
          onClick={() => void give()}
        >
          Give back to the bot
        </Button>
      )}
    </section>
  );
}
