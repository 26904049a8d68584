// Gaps: what was handed over because no article covers it. From each, an article is begun.
import { Alert, Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconConfetti } from "@tabler/icons-react";
import { Link, useLocation } from "wouter";
import { inWords } from "../backend/errors";
import { type ArticleSeed, NEW_ARTICLE } from "../parts/article-seed";
import { Passages } from "../parts/Passages";
import { sinceWhen } from "../parts/time";
import cards from "./Cards.module.css";
import { type Gap, gapsOf } from "./gaps";
import shared from "./Knowledge.module.css";
import { useRuns } from "./queries";
import { RunsLoading } from "./Runs";

/** Of so many runs at once: few of them are gaps. */
const PAGE = 100;

export function Gaps() {
  useDocumentTitle("Gaps · SmileChat");
  const runs = useRuns(null, PAGE);
  const gaps = gapsOf(runs.data ?? []);
  const oldest = runs.data?.at(-1);
  return (
    <section className={shared.main} aria-label="Gaps">
      <p className={shared.lead}>
        The bot handed these over because no article covers them. Write one, and it answers the next who asks.
      </p>
      {runs.error && !runs.data && <Alert color="red" variant="light" role="alert" title={inWords(runs.error)} />}
      {runs.isPending && <RunsLoading />}
      {runs.data && gaps.length === 0 && (
        <div className={shared.empty}>
          <IconConfetti size={32} stroke={1.5} aria-hidden="true" />
          <h2>No gaps</h2>
          <p>Nothing was handed over for want of an article.</p>
        </div>
      )}
      <ul className={cards.runs}>
        {gaps.map((gap) => (
          <li key={gap.question}>
            <GapCard gap={gap} />
          </li>
        ))}
      </ul>
      {oldest && runs.hasNextPage && (
        <p className={shared.quiet}>
          Looked back to {sinceWhen(oldest.created_at)}.{" "}
          <Button
            variant="subtle"
            size="compact-sm"
            loading={runs.isFetchingNextPage}
            onClick={() => void runs.fetchNextPage()}
          >
            Look further back
          </Button>
        </p>
      )}
    </section>
  );
}

function GapCard({ gap: { question, runs } }: { gap: Gap }) {
  const [, navigate] = useLocation();
  const [newest] = runs;
  const seed: ArticleSeed = { title: question, from: "Begun from a question that no article covers." };
  return (
    <article className={cards.run}>
      <p className={cards.question} dir="auto">
        {question}
      </p>
      {newest && newest.passages.length > 0 && (
        <>
          <p className={shared.quiet}>The nearest that there is:</p>
          <Passages passages={newest.passages.slice(0, 2)} />
        </>
      )}
      <footer>
        <Button variant="light" size="compact-md" onClick={() => navigate(NEW_ARTICLE, { state: seed })}>
          Write an article
        </Button>
        {newest && (
          <span className={shared.quiet}>
            {runs.length > 1 && `Asked ${runs.length} times, last `}
            {sinceWhen(newest.created_at)} in <Link to={`/inbox/all/${newest.ticket_id}`}>this ticket</Link>
          </span>
        )}
      </footer>
    </article>
  );
}
