// A period by agents, tags or channels.
import { Alert, Skeleton } from "@mantine/core";
import { useState } from "react";
import { inWords } from "../backend/errors";
import type { BreakdownGroup } from "../backend/types";
import { Face } from "../parts/Face";
import { CsvButton } from "./CsvButton";
import type { Period } from "./period";
import { type Dimension, periodQuery, useBreakdown } from "./queries";
import styles from "./Reports.module.css";
import { average, count, duration } from "./words";

interface Props {
  title: string;
  dimension: Dimension;
  period: Period;
  /** Shows the figures of one of them. */
  onChoose?: ((id: string) => void) | undefined;
}

const SHOWN = 8;

export function GroupTable({ title, dimension, period, onChoose }: Props) {
  const { data, error, isPending, isPlaceholderData } = useBreakdown(dimension, period);
  const [isWhole, setWhole] = useState(false);
  const groups = data?.data ?? [];
  const others = data?.others;
  const shown = isWhole ? groups : groups.slice(0, SHOWN);
  const isAgents = dimension === "agents";
  return (
    <section className={styles.panel} aria-label={title}>
      <header className={styles.head}>
        <h2>{title}</h2>
        <span className={styles.tools}>
          <CsvButton name={dimension} of={title.toLowerCase()} query={periodQuery(period)} />
        </span>
      </header>
      {error && <Alert color="red" variant="light" role="alert" title={inWords(error)} />}
      {isPending && !error && <Skeleton height={120} />}
      {data && groups.length === 0 && <p className={styles.quiet}>Nothing in this time.</p>}
      {groups.length > 0 && (
        <section
          className={styles.scroll}
          data-stale={isPlaceholderData}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
          tabIndex={0}
          aria-label={`${title}, table`}
        >
          <table className={styles.table}>
            <caption className="visually-hidden">{title}</caption>
            <thead>
              <tr>
                <th scope="col">{isAgents ? "Agent" : dimension === "tags" ? "Tag" : "Channel"}</th>
                <th scope="col">{isAgents ? "Taken" : "Opened"}</th>
                <th scope="col">Closed</th>
                {isAgents && <th scope="col">Messages</th>}
                <th scope="col">First reply</th>
                <th scope="col">Resolution</th>
                <th scope="col">Rating</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((group) => (
                <Row key={group.id} group={group} isAgents={isAgents} onChoose={onChoose} />
              ))}
              {others && shown.length === groups.length && (
                <tr>
                  <th scope="row">Others</th>
                  <Cells totals={others} isAgents={isAgents} />
                </tr>
              )}
            </tbody>
          </table>
        </section>
      )}
      {groups.length > shown.length && (
        <button type="button" className={styles.more} onClick={() => setWhole(true)}>
          Show all {groups.length}
        </button>
      )}
    </section>
  );
}

interface RowProps {
  group: BreakdownGroup;
  isAgents: boolean;
  onChoose: ((id: string) => void) | undefined;
}

function Row({ group: { id, name, totals }, isAgents, onChoose }: RowProps) {
  return (
    <tr>
      <th scope="row">
        <span className={styles.who}>
          {isAgents && <Face id={id} name={name} url={null} size="sm" />}
          {onChoose ? (
            <button type="button" className={styles.choose} onClick={() => onChoose(id)}>
              {name}
            </button>
          ) : (
            name
          )}
        </span>
      </th>
      <Cells totals={totals} isAgents={isAgents} />
    </tr>
  );
}

function Cells({ totals, isAgents }: { totals: BreakdownGroup["totals"]; isAgents: boolean }) {
  return (
    <>
      <td>{count(isAgents ? totals.assigned : totals.opened)}</td>
      <td>{count(totals.closed)}</td>
      {isAgents && <td>{count(totals.staff_messages)}</td>}
      <td>{duration(totals.first_reply.median_seconds)}</td>
      <td>{duration(totals.resolution.median_seconds)}</td>
      <td>{average(totals.satisfaction.average)}</td>
    </>
  );
}
