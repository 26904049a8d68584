// Whether a webhook is told what happens, in a word.
import type { Webhook } from "./queries";
import styles from "./Webhooks.module.css";
import { standingWords } from "./words";

export function Standing({ webhook }: { webhook: Webhook }) {
  const { label, tone } = standingWords(webhook);
  return (
    <span className={styles.badge} data-tone={tone}>
      {label}
    </span>
  );
}
