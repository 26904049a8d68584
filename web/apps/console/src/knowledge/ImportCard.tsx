// One import: how far it is, or what became of its pages.
import { Alert, Button, Progress } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { client } from "../backend/client";
import type { SiteImport } from "../backend/types";
import { Badge } from "../parts/Badge";
import { fullTime, sinceWhen } from "../parts/time";
import { useSaving } from "../parts/use-saving";
import styles from "./Cards.module.css";
import { refreshKnowledge } from "./queries";

const STATES = {
  waiting: { label: "Waiting", tone: "quiet" },
  running: { label: "Running", tone: "warn" },
  done: { label: "Done", tone: "good" },
  failed: { label: "Failed", tone: "quiet" },
} as const;

export function ImportCard({ import: one }: { import: SiteImport }) {
  const { label, tone } = STATES[one.state];
  return (
    <article className={styles.run} aria-label={`Import of ${one.url}`}>
      <header>
        <Badge tone={tone}>{label}</Badge>
        <span className={styles.when}>
          <time dateTime={one.created_at} title={fullTime(one.created_at)}>
            {sinceWhen(one.created_at)}
          </time>
        </span>
      </header>
      <p className={styles.question}>{one.url}</p>
      {one.state === "waiting" && <p className={styles.took}>Begins once the imports before it have ended</p>}
      {one.state === "running" && <HowFar done={one.pages_done} all={one.pages_all} />}
      {isUnderWay(one) && <Stop import={one} />}
      {one.state === "failed" && (
        <p className={styles.fault}>
          <IconAlertTriangle size={15} aria-hidden="true" />
          {one.failure}
        </p>
      )}
      {one.state === "done" && (
        <>
          <p className={styles.took}>
            {one.created} created · {one.changed} changed · {one.unchanged} unchanged
          </p>
          <Named label="left out" list={one.left_out} count={one.left_out_count} />
          <Named label="no longer listed, and still here" list={one.unlisted} count={one.unlisted_count} />
        </>
      )}
    </article>
  );
}

export function isUnderWay({ state }: SiteImport): boolean {
  return state === "waiting" || state === "running";
}

function Stop({ import: one }: { import: SiteImport }) {
  const saving = useSaving();
  const stop = async () => {
    await client.request("DELETE /api/kb/imports/{id}", { path: { id: one.import_id } });
    await refreshKnowledge();
  };
  return (
    <>
      {saving.error && <Alert color="red" variant="light" role="alert" title={saving.error} />}
      <Button
        size="xs"
        variant="default"
        loading={saving.isBusy}
        onClick={() => void saving.run(stop)}
        aria-label={`Stop the import of ${one.url}`}
      >
        Stop
      </Button>
    </>
  );
}

function HowFar({ done, all }: { done: number; all: number | null }) {
  const words = all === null ? "Reading what the site lists" : `${done} of ${all} pages`;
  return (
    <div>
      <Progress value={all ? (done / all) * 100 : 0} size="sm" aria-label="Pages" animated />
      <p className={styles.took}>{words}</p>
    </div>
  );
}

function Named({ label, list, count }: { label: string; list: string[]; count: number }) {
  if (count === 0) return null;
  return (
    <details className={styles.toolCalls}>
      <summary>
        {count} {label}
      </summary>
      <pre>
        {list.join("\n")}
        {count > list.length && `\nand ${count - list.length} more`}
      </pre>
    </details>
  );
}
