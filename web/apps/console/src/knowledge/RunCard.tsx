// One thing that the bot did: the question, how it ended, from what, and what it took.
import { IconAlertTriangle } from "@tabler/icons-react";
import { Link } from "wouter";
import type { Run } from "../backend/types";
import { Badge, type Tone } from "../parts/Badge";
import { Passages } from "../parts/Passages";
import { costWords, latencyWords, outcomeWords, reasonWords, runErrorWords, tokenWords } from "../parts/run-words";
import { fullTime, sinceWhen } from "../parts/time";
import styles from "./Cards.module.css";

const TONES: Record<string, Tone> = { answered: "good", handed_over: "warn" };

export function RunCard({ run, isOfOneTicket }: { run: Run; isOfOneTicket: boolean }) {
  return (
    <article className={styles.run}>
      <header>
        <Badge tone={TONES[run.outcome]}>{outcomeWords(run.outcome)}</Badge>
        {run.reason && <span className={styles.why}>{reasonWords(run.reason)}</span>}
        <span className={styles.when}>
          {!isOfOneTicket && <Link to={`/inbox/all/${run.ticket_id}`}>The ticket</Link>}
          <time dateTime={run.created_at} title={fullTime(run.created_at)}>
            {sinceWhen(run.created_at)}
          </time>
        </span>
      </header>
      <p className={styles.question} dir="auto">
        {run.question || "(no text)"}
      </p>
      {run.error && (
        <p className={styles.fault}>
          <IconAlertTriangle size={15} aria-hidden="true" />
          {runErrorWords(run.error)}
        </p>
      )}
      {run.passages.length > 0 && <Passages passages={run.passages} />}
      {run.tools && run.tools.length > 0 && (
        <details className={styles.toolCalls}>
          <summary>
            Used {run.tools.length === 1 ? "a tool" : `${run.tools.length} tools`}:{" "}
            {run.tools.map(({ name }) => name).join(", ")}
          </summary>
          <pre>{run.tools.map((tool) => `${tool.name}(${tool.arguments})\n→ ${tool.result}`).join("\n\n")}</pre>
        </details>
      )}
      <p className={styles.took}>{tookWords(run)}</p>
    </article>
  );
}

function tookWords({ latency_ms, model, input_tokens = 0, output_tokens = 0, cost = 0 }: Run): string {
  const parts = [latencyWords(latency_ms)];
  if (model) parts.push(model);
  if (input_tokens + output_tokens > 0) parts.push(tokenWords(input_tokens, output_tokens));
  if (cost > 0) parts.push(`cost ${costWords(cost)}`);
  return parts.join(" · ");
}
