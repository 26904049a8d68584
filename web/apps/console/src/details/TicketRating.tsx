// What the customer said of how the ticket was closed last.
import { useQuery } from "@tanstack/react-query";
import { client } from "../backend/client";
import type { Ticket } from "../backend/types";
import { Stars } from "../parts/Stars";
import { fullTime } from "../parts/time";
import styles from "./DetailsPane.module.css";

export function TicketRating({ ticket }: { ticket: Ticket }) {
  const { data } = useQuery({
    queryKey: ["rating", ticket.ticket_id],
    queryFn: ({ signal }) => client.request("GET /api/tickets/{id}/rating", { path: { id: ticket.ticket_id }, signal }),
  });
  const rating = data?.rating;
  if (!rating) return null;
  return (
    <section className={styles.section} aria-label="Rating">
      <h3>Rated by the customer</h3>
      <Stars score={rating.score} />
      {rating.comment && <p className={styles.comment}>{rating.comment}</p>}
      <p className={styles.quiet}>{fullTime(rating.updated_at)}</p>
    </section>
  );
}
