import { UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { useMe } from "../backend/session";
import type { Ticket } from "../backend/types";
import { fullTime, sinceWhen } from "../parts/time";
import { useHistory } from "../tickets/asides";
import { historyWords, isTold } from "../tickets/history-words";
import { staffName, usePerson, useStaff } from "../tickets/people";
import styles from "./DetailsPane.module.css";

const FEW = 5;

export function HistoryList({ ticket }: { ticket: Ticket }) {
  const me = useMe();
  const history = useHistory(ticket.ticket_id);
  const customer = usePerson(ticket.customer_id);
  useStaff();
  const [isWhole, setIsWhole] = useState(false);
  const nameOf = (userId: string) => (userId === customer?.id ? customer.name : staffName(userId));
  const entries = history.filter(isTold);
  if (entries.length === 0) return null;
  return (
    <section className={styles.section} aria-label="History">
      <h3>History</h3>
      <ol className={styles.history}>
        {entries.slice(0, isWhole ? entries.length : FEW).map((entry) => (
          <li key={`${entry.kind} ${entry.timestamp} ${JSON.stringify(entry.data)}`}>
            {historyWords(entry, me.id, nameOf)}
            <time dateTime={entry.timestamp} title={fullTime(entry.timestamp)}>
              {sinceWhen(entry.timestamp)}
            </time>
          </li>
        ))}
      </ol>
      {entries.length > FEW && !isWhole && (
        <UnstyledButton className={styles.quiet} onClick={() => setIsWhole(true)}>
          Show all {entries.length}
        </UnstyledButton>
      )}
    </section>
  );
}
