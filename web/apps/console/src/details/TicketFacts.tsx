// The ticket's own facts: tags to change, how it came, and what the tenant's site sent along.
import { TagsInput } from "@mantine/core";
import { useState } from "react";
import type { Ticket } from "../backend/types";
import { fullTime } from "../parts/time";
import { useSaveTicket } from "../tickets/use-save";
import styles from "./DetailsPane.module.css";

const MOST_TAGS = 20;

export function TicketFacts({ ticket }: { ticket: Ticket }) {
  const save = useSaveTicket();
  const [typed, setTyped] = useState("");
  const custom = Object.entries(ticket.custom as Record<string, unknown>);
  return (
    <section className={styles.section} aria-label="Ticket">
      <TagsInput
        label="Tags"
        size="xs"
        mb="sm"
        placeholder={ticket.tags.length === 0 ? "Add a tag" : ""}
        value={ticket.tags}
        onChange={(tags) => void save(ticket, { tags })}
        searchValue={typed}
        onSearchChange={(text) => setTyped(text.slice(0, 50))}
        maxTags={MOST_TAGS}
        acceptValueOnBlur
        clearable={false}
        classNames={{ inputField: styles.tagField ?? "" }}
      />
      <dl className={styles.facts}>
        <dt>Came by</dt>
        <dd>{ticket.channel === "web" ? "Web" : ticket.channel}</dd>
        <dt>Opened</dt>
        <dd>{fullTime(ticket.created_at)}</dd>
        {ticket.closed_at && (
          <>
            <dt>Closed</dt>
            <dd>{fullTime(ticket.closed_at)}</dd>
          </>
        )}
        {custom.map(([name, value]) => (
          <CustomField key={name} name={name} value={value} />
        ))}
      </dl>
    </section>
  );
}

function CustomField({ name, value }: { name: string; value: unknown }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
    </>
  );
}
