// Who is typing: the customer or the bot, quietly; a colleague, as a warning that two are about to answer.
import { useObservable } from "../backend/observe";
import type { Conversation, Ticket } from "../backend/types";
import { useStaff } from "../tickets/people";
import styles from "./Collisions.module.css";

export function Collisions({ ticket, conversation }: { ticket: Ticket; conversation: Conversation }) {
  const typing = useObservable(conversation.typing);
  const staff = useStaff();
  const others = typing.filter((typist) => typist.user_id !== ticket.customer_id);
  // Whoever is neither is the bot, which nobody has to make way for.
  const colleagues = others.filter((typist) => staff.some(({ id }) => id === typist.user_id));
  const bot = ticket.bot_state === "bot" ? others.find((typist) => !colleagues.includes(typist)) : undefined;
  const customer = typing.find((typist) => typist.user_id === ticket.customer_id);
  return (
    <div className={styles.line} role="status" aria-live="polite">
      {[customer, bot].map(
        (typist) =>
          typist && (
            <span key={typist.user_id} className={styles.customer}>
              <span className={styles.dots} aria-hidden="true">
                <i />
                <i />
                <i />
              </span>
              {typist.name} is typing
            </span>
          ),
      )}
      {colleagues.length > 0 && (
        <span className={styles.colleague}>
          {colleagues.map((typist) => typist.name).join(" and ")} {colleagues.length > 1 ? "are" : "is"} answering, too
        </span>
      )}
    </div>
  );
}
