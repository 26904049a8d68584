// What a webhook was told, or is to be: the newest first, and again on demand.
import { Alert, Button, Select, Skeleton } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { inWords } from "../../backend/errors";
import { Badge } from "../../parts/Badge";
import { fullTime, sinceWhen } from "../../parts/time";
import { useMinute } from "../../parts/use-minute";
import { useSaving } from "../../parts/use-saving";
import { Panel } from "../Panel";
import rows from "../Rows.module.css";
import { type Delivery, type DeliveryState, sendAgain, useDeliveries, type Webhook } from "./queries";
import styles from "./Webhooks.module.css";
import { attemptsWords, bodyWords, isUnderWay, lastWords, nextWords, STATES } from "./words";

export function Deliveries({ webhook }: { webhook: Webhook }) {
  const [state, setState] = useState<DeliveryState | null>(null);
  const deliveries = useDeliveries(webhook.webhook_id, state);
  const { data, error, isPending } = deliveries;
  useMinute();
  return (
    <Panel
      title="Deliveries"
      lead="What it was told in the last 30 days, or is to be told."
      action={
        <Select
          w={160}
          aria-label="Which deliveries"
          data={[{ value: "", label: "All" }, ...STATES.map(({ value, label }) => ({ value, label }))]}
          value={state ?? ""}
          allowDeselect={false}
          onChange={(value) => setState((value || null) as DeliveryState | null)}
        />
      }
    >
      {error && !data && <Alert color="red" variant="light" role="alert" title={inWords(error)} />}
      {isPending && (
        <div role="status" aria-label="Loading">
          <Skeleton height={120} />
        </div>
      )}
      {data?.length === 0 && (
        <p className={rows.empty}>
          {state ? "There is none of this kind." : "Nothing has happened yet that it is told."}
        </p>
      )}
      <ul className={rows.rows}>
        {data?.map((delivery) => (
          <Row key={delivery.delivery_id} delivery={delivery} webhook={webhook} />
        ))}
      </ul>
      {deliveries.hasNextPage && (
        <Button
          variant="default"
          mt="sm"
          loading={deliveries.isFetchingNextPage}
          onClick={() => void deliveries.fetchNextPage()}
        >
          Older ones
        </Button>
      )}
    </Panel>
  );
}

function Row({ delivery, webhook }: { delivery: Delivery; webhook: Webhook }) {
  const { delivery_id, type, state, attempts, last_error, created_at, ticket_id, body } = delivery;
  const standing = STATES.find(({ value }) => value === state);
  const last = lastWords(delivery);
  const facts = [!last_error && last, attempts > 0 && attemptsWords(attempts), nextWords(delivery, webhook)];
  return (
    <li className={styles.delivery}>
      <div className={styles.what}>
        <Badge tone={standing?.tone}>{standing?.label ?? state}</Badge>
        <strong>{type}</strong>
        <time dateTime={created_at} title={fullTime(created_at)}>
          {sinceWhen(created_at)}
        </time>
      </div>
      {last_error && <p className={styles.fault}>{last}</p>}
      <p className={styles.quiet}>{facts.filter(Boolean).join(". ")}</p>
      <Again delivery={delivery} webhook={webhook} />
      <details>
        <summary>What is sent</summary>
        <p className={styles.quiet}>
          {delivery_id}
          {ticket_id && (
            <>
              , of <Link to={`/inbox/all/${ticket_id}`}>this ticket</Link>
            </>
          )}
        </p>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
        <pre tabIndex={0}>{bodyWords(body)}</pre>
      </details>
    </li>
  );
}

/** From the beginning what is done; at once what waits for its time. */
function Again({ delivery, webhook }: { delivery: Delivery; webhook: Webhook }) {
  const saving = useSaving();
  const { delivery_id, type, state } = delivery;
  // Behind an earlier one of its ticket it stays there; to one that is off nothing goes; and what is being sent is being sent.
  if (state === "waiting" || !webhook.is_enabled || isUnderWay(delivery)) return null;
  const label = state === "pending" ? "Send now" : "Send again";
  return (
    <>
      {saving.error && <Alert color="red" variant="light" role="alert" title={saving.error} />}
      <Button
        className={styles.again ?? ""}
        size="compact-sm"
        variant="default"
        loading={saving.isBusy}
        aria-label={`${label}: ${type}`}
        onClick={() => void saving.run(() => sendAgain(webhook.webhook_id, delivery_id), "It is on its way.")}
      >
        {label}
      </Button>
    </>
  );
}
