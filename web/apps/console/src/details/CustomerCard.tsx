import { Skeleton } from "@mantine/core";
import { STATUS_NAMES } from "../browser/own-status";
import { Face } from "../parts/Face";
import { fullTime, sinceWhen } from "../parts/time";
import { usePerson, usePresence } from "../tickets/people";
import styles from "./DetailsPane.module.css";

export function CustomerCard({ customerId }: { customerId: string }) {
  const customer = usePerson(customerId);
  const presence = usePresence(customerId);
  if (!customer) {
    return (
      <section className={styles.section} aria-label="Customer">
        <Skeleton width={48} height={48} radius={16} />
      </section>
    );
  }
  const isHere = presence !== "offline";
  return (
    <section className={styles.section} aria-label="Customer">
      <div className={styles.customer}>
        <Face id={customer.id} name={customer.name} size="lg" status={presence} />
        <div>
          <h3>{customer.name}</h3>
          <p>{isHere ? `${STATUS_NAMES[presence]} now` : `Last seen ${sinceWhen(customer.last_active)}`}</p>
        </div>
      </div>
      <dl className={styles.facts}>
        {customer.email && (
          <>
            <dt>E-mail</dt>
            <dd>
              <a href={`mailto:${encodeURIComponent(customer.email).replace("%40", "@")}`}>{customer.email}</a>
            </dd>
          </>
        )}
        {!customer.is_guest && (
          <>
            <dt>User name</dt>
            <dd>{customer.username}</dd>
          </>
        )}
        {customer.external_id && (
          <>
            <dt>Your id</dt>
            <dd>{customer.external_id}</dd>
          </>
        )}
        <dt>{customer.is_guest ? "Visitor" : "Customer"}</dt>
        <dd title={fullTime(customer.created_at)}>
          since {new Date(customer.created_at).toLocaleDateString(undefined, { month: "long", year: "numeric" })}
        </dd>
      </dl>
    </section>
  );
}
