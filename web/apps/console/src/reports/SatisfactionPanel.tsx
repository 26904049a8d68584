// How customers found it: how many gave which score, and what they said.
import { Alert, Skeleton } from "@mantine/core";
import { Link } from "wouter";
import { inWords } from "../backend/errors";
import type { RatedTicket, Totals } from "../backend/types";
import { Stars } from "../parts/Stars";
import { sinceWhen } from "../parts/time";
import { CsvButton } from "./CsvButton";
import type { Period } from "./period";
import { periodQuery, useRatings } from "./queries";
import styles from "./Reports.module.css";
import { average, count } from "./words";

interface Props {
  period: Period;
  totals: Totals | undefined;
  /** Whether the figures are of everybody: only then do the words belong to them. */
  isWhole: boolean;
}

export function SatisfactionPanel({ period, totals, isWhole }: Props) {
  const { data, error, isPending } = useRatings(period);
  const satisfaction = totals?.satisfaction;
  return (
    <section className={styles.panel} aria-label="Satisfaction">
      <header className={styles.head}>
        <h2>Satisfaction</h2>
        <span className={styles.tools}>
          <CsvButton name="ratings" of="what customers said" query={{ ...periodQuery(period), limit: "100" }} />
        </span>
      </header>
      <div className={styles.satisfaction}>
        <div>
          {!satisfaction && <Skeleton height={150} />}
          {satisfaction?.count === 0 && (
            <p className={styles.quiet}>
              Nobody rated in this time. Customers are asked in the widget if its settings say so.
            </p>
          )}
          {satisfaction && satisfaction.count > 0 && (
            <>
              <p className={styles.big}>
                <strong>{average(satisfaction.average)}</strong> of 5, by {count(satisfaction.count)}{" "}
                {satisfaction.count === 1 ? "customer" : "customers"}
              </p>
              <Distribution scores={satisfaction.scores} />
            </>
          )}
        </div>
        {isWhole && (
          <div className={styles.comments}>
            {error && <Alert color="red" variant="light" role="alert" title={inWords(error)} />}
            {isPending && !error && <Skeleton height={150} />}
            {data && data.data.length === 0 && <p className={styles.quiet}>Nobody said anything with it.</p>}
            {data && data.data.length > 0 && (
              // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
              <ul tabIndex={0} aria-label="What customers said">
                {data.data.map((rated) => (
                  <Comment key={`${rated.ticket_id} ${rated.created_at}`} rated={rated} />
                ))}
              </ul>
            )}
          </div>
        )}
      </div>
    </section>
  );
}

function Distribution({ scores }: { scores: number[] }) {
  const most = Math.max(1, ...scores);
  return (
    <ol className={styles.distribution} reversed aria-label="How many gave which score">
      {scores
        .map((many, place) => ({ score: place + 1, many }))
        .reverse()
        .map(({ score, many }) => (
          <li key={score}>
            <Stars score={score} />
            <svg className={styles.share} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
              <rect width="100" height="8" rx="2" />
              <rect width={(many / most) * 100} height="8" rx="2" data-on="true" />
            </svg>
            <span>{count(many)}</span>
          </li>
        ))}
    </ol>
  );
}

function Comment({ rated }: { rated: RatedTicket }) {
  return (
    <li>
      <p className={styles.said}>
        <Stars score={rated.score} /> {rated.comment}
      </p>
      <p className={styles.quiet}>
        <Link to={`/inbox/all/${rated.ticket_id}`}>
          #{rated.number} {rated.subject}
        </Link>
        {rated.support_name && `, ${rated.support_name}`}, {sinceWhen(rated.created_at)}
      </p>
    </li>
  );
}
