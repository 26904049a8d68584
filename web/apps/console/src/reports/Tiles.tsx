// The period in one row of figures, each against the period before.
import { Skeleton } from "@mantine/core";
import { IconArrowDownRight, IconArrowUpRight } from "@tabler/icons-react";
import type { Overview } from "../backend/types";
import { daysOf, partName } from "./period";
import styles from "./Reports.module.css";
import { average, type Change, change, count, duration, percent } from "./words";

interface Tile {
  name: string;
  value: string;
  change: Change | null;
  note?: string;
}

interface Props {
  overview: Overview | undefined;
  isLoading: boolean;
  isStale: boolean;
  isOfAgent: boolean;
}

export function Tiles({ overview, isLoading, isStale, isOfAgent }: Props) {
  if (isLoading) {
    return (
      <div className={styles.tiles} role="status" aria-label="Loading">
        {[1, 2, 3, 4, 5, 6].map((place) => (
          <Skeleton key={place} height={98} radius="lg" />
        ))}
      </div>
    );
  }
  if (!overview) return null;
  const days = daysOf(overview.period);
  return (
    <section aria-label="In short">
      <dl className={styles.tiles} data-stale={isStale}>
        {tilesOf(overview, isOfAgent).map((tile) => (
          <div key={tile.name} className={styles.tile}>
            <dt>{tile.name}</dt>
            <dd>
              <strong>{tile.value}</strong>
              {tile.change ? (
                <Delta change={tile.change} />
              ) : (
                <span className={styles.note}>{tile.note ?? "nothing before"}</span>
              )}
            </dd>
          </div>
        ))}
      </dl>
      <p className={styles.against}>
        Against the {days === 1 ? "day" : `${days} days`} before {partName(overview.period.from, "day", true)}.
      </p>
    </section>
  );
}

function Delta({ change: { text, isGood } }: { change: Change }) {
  const Arrow = text.startsWith("+") ? IconArrowUpRight : IconArrowDownRight;
  const tone = isGood === null ? "none" : isGood ? "good" : "bad";
  return (
    <span className={styles.delta} data-tone={tone}>
      {text !== "no change" && <Arrow size={14} aria-hidden="true" />}
      {text}
      <span className="visually-hidden"> against the period before</span>
    </span>
  );
}

function tilesOf({ totals, before: { totals: before } }: Overview, isOfAgent: boolean): Tile[] {
  const shared: Tile[] = [
    { name: "Closed", value: count(totals.closed), change: change(totals.closed, before.closed, "more") },
    {
      name: "First reply",
      value: duration(totals.first_reply.median_seconds),
      change: change(totals.first_reply.median_seconds, before.first_reply.median_seconds, "less"),
    },
    {
      name: "Resolution",
      value: duration(totals.resolution.median_seconds),
      change: change(totals.resolution.median_seconds, before.resolution.median_seconds, "less"),
    },
    {
      name: "Satisfaction",
      value: percent(totals.satisfaction.satisfied_rate),
      change: change(totals.satisfaction.satisfied_rate, before.satisfaction.satisfied_rate, "more"),
      note: totals.satisfaction.count > 0 ? `${average(totals.satisfaction.average)} of 5` : "nobody rated",
    },
  ];
  if (isOfAgent) {
    return [
      { name: "Taken", value: count(totals.assigned), change: change(totals.assigned, before.assigned, "neither") },
      ...shared,
      {
        name: "Messages",
        value: count(totals.staff_messages),
        change: change(totals.staff_messages, before.staff_messages, "neither"),
      },
    ];
  }
  return [
    { name: "Opened", value: count(totals.opened), change: change(totals.opened, before.opened, "neither") },
    ...shared,
    {
      name: "Resolution rate",
      value: percent(totals.resolution_rate),
      change: change(totals.resolution_rate, before.resolution_rate, "more"),
    },
  ];
}
