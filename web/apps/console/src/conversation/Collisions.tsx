// Who is typing: the customer, quietly; a colleague, as a warning that two are about to answer.
import { useObservable } from "../backend/observe";
import type { Conversation, Ticket } from "../backend/types";
import styles from "./Collisions.module.css";

export function Collisions({ ticket, conversation }: { ticket: Ticket; conversation: Conversation }) {
  const typing = useObservable(conversation.typing);
  const colleagues = typing.filter((typist) => typist.user_id !== ticket.customer_id);
  const customer = typing.find((typist) => typist.user_id === ticket.customer_id);
  return (
    <div className={styles.line} role="status" aria-live="polite">
      {customer && (
        <span className={styles.customer}>
          <span className={styles.dots} aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {customer.name} is typing
        </span>
      )}
      {colleagues.length > 0 && (
        <span className={styles.colleague}>
          {colleagues.map((typist) => typist.name).join(" and ")} {colleagues.length > 1 ? "are" : "is"} answering, too
        </span>
      )}
    </div>
  );
}
