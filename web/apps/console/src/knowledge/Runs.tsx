// What the bot made of each message, and from what: the newest first, of one ticket if one likes.
import { Alert, Button, CloseButton, Skeleton } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconRobot } from "@tabler/icons-react";
import { Link, useSearchParams } from "wouter";
import { inWords } from "../backend/errors";
import { useTicket } from "../tickets/tickets";
import cards from "./Cards.module.css";
import shared from "./Knowledge.module.css";
import { useRuns } from "./queries";
import { RunCard } from "./RunCard";

export function Runs() {
  useDocumentTitle("What the bot did · SmileChat");
  const [params, setParams] = useSearchParams();
  const ticketId = params.get("ticket");
  const runs = useRuns(ticketId);
  return (
    <section className={shared.main} aria-label="What the bot did">
      {ticketId && <OfTicket ticketId={ticketId} onAll={() => setParams({})} />}
      {runs.error && !runs.data && <Alert color="red" variant="light" role="alert" title={inWords(runs.error)} />}
      {runs.isPending && <RunsLoading />}
      {runs.data?.length === 0 && (
        <div className={shared.empty}>
          <IconRobot size={32} stroke={1.5} aria-hidden="true" />
          <h2>{ticketId ? "The bot had no part in this ticket" : "The bot has not answered anybody yet"}</h2>
          <p>What it makes of each message stands here, with the passages that it found.</p>
        </div>
      )}
      <ul className={cards.runs}>
        {runs.data?.map((run) => (
          <li key={run.run_id}>
            <RunCard run={run} isOfOneTicket={ticketId !== null} />
          </li>
        ))}
      </ul>
      {runs.hasNextPage && (
        <Button variant="default" loading={runs.isFetchingNextPage} onClick={() => void runs.fetchNextPage()}>
          Older ones
        </Button>
      )}
    </section>
  );
}

function OfTicket({ ticketId, onAll }: { ticketId: string; onAll: () => void }) {
  const { data: ticket } = useTicket(ticketId);
  return (
    <p className={shared.hint}>
      <span>
        In{" "}
        <Link to={`/inbox/${ticket?.status === "closed" ? "closed" : "all"}/${ticketId}`}>
          {ticket ? `#${ticket.number} ${ticket.subject}` : "one ticket"}
        </Link>
      </span>
      <CloseButton size="sm" aria-label="Show all tickets" onClick={onAll} />
    </p>
  );
}

export function RunsLoading() {
  return (
    <div role="status" aria-label="Loading">
      {[1, 2, 3].map((row) => (
        <Skeleton key={row} height={132} mb="sm" radius="lg" />
      ))}
    </div>
  );
}
