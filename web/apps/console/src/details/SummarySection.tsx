// What was asked and answered so far, in brief, for whoever comes to the ticket late.
import { Button } from "@mantine/core";
import { IconSparkles } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "wouter";
import type { Assistance } from "../backend/bot";
import type { Ticket } from "../backend/types";
import { askForHelp, useAssistKinds } from "../tickets/assist";
import styles from "./DetailsPane.module.css";

export function SummarySection({ ticket }: { ticket: Ticket }) {
  const kinds = useAssistKinds(ticket.ticket_id);
  const [isBusy, setIsBusy] = useState(false);
  const [made, setMade] = useState<{ help: Assistance; seq: number } | null>(null);
  if (!kinds.includes("summary") || ticket.last_seq === 0) return null;
  const ask = async () => {
    setIsBusy(true);
    const help = await askForHelp(ticket.ticket_id, { kind: "summary" });
    if (help) setMade({ help, seq: ticket.last_seq });
    setIsBusy(false);
  };
  const newer = made ? ticket.last_seq - made.seq : 0;
  return (
    <section className={styles.section} aria-label="Summary">
      <h3>Summary</h3>
      <div role="status">
        {made && (
          <>
            <p className={styles.comment} dir="auto">
              {made.help.text}
            </p>
            {made.help.sources.map(({ slug, title }) => (
              <Link key={slug} className={styles.more ?? ""} to={`/knowledge/articles/${encodeURIComponent(slug)}`}>
                {title}
              </Link>
            ))}
            <p className={styles.quiet}>
              Made {made.help.model ? `by ${made.help.model}` : "from the conversation"}; it may be wrong.
              {newer > 0 && ` ${newer === 1 ? "One message is" : `${newer} messages are`} newer.`}
            </p>
          </>
        )}
      </div>
      {(!made || newer > 0) && (
        <Button
          mt={made ? "xs" : 0}
          variant="default"
          size="compact-sm"
          leftSection={<IconSparkles size={15} />}
          loading={isBusy}
          onClick={() => void ask()}
        >
          {made ? "Summarise again" : "Summarise the conversation"}
        </Button>
      )}
    </section>
  );
}
