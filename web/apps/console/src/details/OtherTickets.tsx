import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import type { Ticket } from "../backend/types";
import { shortTime } from "../parts/time";
import { listPage } from "../tickets/tickets";
import styles from "./DetailsPane.module.css";

const MOST = 6;

export function OtherTickets({ ticket }: { ticket: Ticket }) {
  const { data } = useQuery({
    queryKey: ["customer-tickets", ticket.customer_id],
    queryFn: ({ signal }) => listPage({ customer_id: ticket.customer_id }, signal),
  });
  if (!data) return null;
  const others = data.data.filter((other) => other.ticket_id !== ticket.ticket_id);
  return (
    <section className={styles.section} aria-label="Other tickets of this customer">
      <h3>Other tickets</h3>
      {others.length === 0 ? (
        <p className={styles.quiet}>This is their first one.</p>
      ) : (
        <ul className={styles.list}>
          {others.slice(0, MOST).map((other) => (
            <li key={other.ticket_id}>
              <Link to={`/inbox/${other.status === "closed" ? "closed" : "all"}/${other.ticket_id}`}>
                <i
                  className={styles.state}
                  data-status={other.status}
                  role="img"
                  aria-label={other.status.replace("_", " ")}
                />
                <span>{other.subject}</span>
                <time dateTime={other.updated_at}>{shortTime(other.updated_at)}</time>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
