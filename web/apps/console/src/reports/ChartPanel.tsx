// A chart with its name, its legend, the same as a table, and the same as a file.
import { Button, Skeleton } from "@mantine/core";
import { IconChartBar, IconTable } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { Plot, type PlotProps } from "./Plot";
import styles from "./Reports.module.css";

interface Props extends PlotProps {
  isLoading: boolean;
  isStale: boolean;
  action?: ReactNode;
  /** What is said where there is nothing. */
  empty: string;
}

export function ChartPanel({ isLoading, isStale, action, empty, ...plot }: Props) {
  const [isTable, setTable] = useState(false);
  const isEmpty = plot.lines.every(({ values }) => values.every((value) => !value));
  return (
    <section className={styles.panel} aria-label={plot.title}>
      <header className={styles.head}>
        <h2>{plot.title}</h2>
        <ul className={styles.legend} aria-label="Legend">
          {plot.lines.map((line) => (
            <li key={line.name} data-tone={line.tone}>
              {line.name}
            </li>
          ))}
        </ul>
        <span className={styles.tools}>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            aria-label={`${isTable ? "Chart" : "Table"}: ${plot.title}`}
            leftSection={
              isTable ? <IconChartBar size={15} aria-hidden="true" /> : <IconTable size={15} aria-hidden="true" />
            }
            onClick={() => setTable(!isTable)}
          >
            {isTable ? "Chart" : "Table"}
          </Button>
          {action}
        </span>
      </header>
      <div className={styles.body} data-stale={isStale}>
        {isLoading ? <Skeleton height={220} /> : isTable ? <Table {...plot} /> : <Plot {...plot} />}
        {!isLoading && isEmpty && !isTable && <p className={styles.nothing}>{empty}</p>}
      </div>
    </section>
  );
}

function Table({ title, names, lines, say }: PlotProps) {
  return (
    <section
      className={styles.scroll}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
      tabIndex={0}
      aria-label={`${title}, table`}
    >
      <table className={styles.table}>
        <caption className="visually-hidden">{title}</caption>
        <thead>
          <tr>
            <th scope="col">When</th>
            {lines.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {names.map((name, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a part is its place
            <tr key={place}>
              <th scope="row">{name}</th>
              {lines.map(({ name: line, values }) => (
                <td key={line}>{say(values[place] ?? null)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
