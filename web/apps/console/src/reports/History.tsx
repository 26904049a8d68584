// A period in figures: tiles against the period before, charts, tables, what customers said.
import { Alert, Button } from "@mantine/core";
import { useState } from "react";
import { inWords } from "../backend/errors";
import { isAdmin, useMe } from "../backend/session";
import { ChartPanel } from "./ChartPanel";
import { CsvButton } from "./CsvButton";
import { GroupTable } from "./GroupTable";
import { PeriodPicker, type PickedPeriod } from "./PeriodPicker";
import { intervalOf, lastDays, partName, today, ZONE } from "./period";
import { periodQuery, useOverview, useSeries } from "./queries";
import styles from "./Reports.module.css";
import { SatisfactionPanel } from "./SatisfactionPanel";
import { type Subject, subjectQuery } from "./subject";
import { Tiles } from "./Tiles";
import { count, duration } from "./words";

const DEFAULT_DAYS = 30;
/** So many labels of days fit under a chart without their weekday. */
const FEW = 14;

export function History() {
  const me = useMe();
  const [picked, setPicked] = useState<PickedPeriod>({ preset: "30", ...lastDays(DEFAULT_DAYS, today(ZONE)) });
  const [subject, setSubject] = useState<Subject>("");
  const period = { from: picked.from, to: picked.to };
  const interval = intervalOf(period);
  const overview = useOverview(period, subject);
  const series = useSeries(period, interval, subject);
  const points = series.data?.data ?? [];
  const names = points.map(({ label }) => partName(label, interval));
  const marks = points.map(({ label }) => partName(label, interval, points.length > FEW || interval === "week"));
  const query = { ...periodQuery(period), ...subjectQuery(subject) };
  const shared = {
    names,
    marks,
    isLoading: series.isPending && !series.error,
    isStale: series.isPlaceholderData,
    action: <CsvButton name="series" of="the series" query={{ ...query, interval }} />,
  };
  const failed = overview.error ?? series.error;
  const isOfAgent = subject.startsWith("agent:");

  return (
    <>
      <PeriodPicker picked={picked} onPick={setPicked} subject={subject} onSubject={setSubject} />
      {failed && (
        <Alert color="red" variant="light" role="alert" title={inWords(failed)}>
          <Button
            size="compact-sm"
            variant="light"
            color="red"
            onClick={() => void Promise.all([overview.refetch(), series.refetch()])}
          >
            Try again
          </Button>
        </Alert>
      )}
      <Tiles
        overview={overview.data}
        isLoading={overview.isPending && !overview.error}
        isStale={overview.isPlaceholderData}
        isOfAgent={isOfAgent}
      />
      <ChartPanel
        {...shared}
        title={isOfAgent ? "Tickets taken and closed" : "Tickets opened and closed"}
        kind="bars"
        unit="count"
        say={(value) => count(value ?? 0)}
        empty="No tickets in this time."
        lines={[
          {
            name: isOfAgent ? "Taken" : "Opened",
            tone: 1,
            values: points.map(({ totals }) => (isOfAgent ? totals.assigned : totals.opened)),
          },
          { name: "Closed", tone: 2, values: points.map(({ totals }) => totals.closed) },
        ]}
      />
      <div className={styles.pair}>
        <ChartPanel
          {...shared}
          title="Time to first reply"
          kind="lines"
          unit="seconds"
          say={duration}
          empty="Nobody waited for a first reply in this time."
          lines={[
            { name: "Median", tone: 1, values: points.map(({ totals }) => totals.first_reply.median_seconds) },
            { name: "9 of 10 within", tone: 2, values: points.map(({ totals }) => totals.first_reply.p90_seconds) },
          ]}
        />
        <ChartPanel
          {...shared}
          title="Time to resolution"
          kind="lines"
          unit="seconds"
          say={duration}
          empty="Nothing was closed in this time."
          lines={[
            { name: "Median", tone: 1, values: points.map(({ totals }) => totals.resolution.median_seconds) },
            { name: "9 of 10 within", tone: 2, values: points.map(({ totals }) => totals.resolution.p90_seconds) },
          ]}
        />
      </div>
      <ChartPanel
        {...shared}
        title="Messages"
        kind="bars"
        unit="count"
        say={(value) => count(value ?? 0)}
        empty="No messages in this time."
        lines={[
          ...(isOfAgent
            ? []
            : [
                {
                  name: "By customers",
                  tone: 1 as const,
                  values: points.map(({ totals }) => totals.customer_messages),
                },
              ]),
          { name: "By staff", tone: 2, values: points.map(({ totals }) => totals.staff_messages) },
        ]}
      />
      <SatisfactionPanel period={period} totals={overview.data?.totals} isWhole={subject === ""} />
      <GroupTable
        title={isAdmin(me) ? "By agent" : "You"}
        dimension="agents"
        period={period}
        onChoose={isAdmin(me) ? (id) => setSubject(`agent:${id}`) : undefined}
      />
      <div className={styles.pair}>
        <GroupTable title="By tag" dimension="tags" period={period} onChoose={(tag) => setSubject(`tag:${tag}`)} />
        <GroupTable title="By channel" dimension="channels" period={period} />
      </div>
    </>
  );
}
