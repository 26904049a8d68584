// How something stands, in a word. The color says no more than the word does.
import type { ReactNode } from "react";
import styles from "./Badge.module.css";

export type Tone = "good" | "warn" | "bad" | "quiet";

export function Badge({ tone = "quiet", children }: { tone?: Tone | undefined; children: ReactNode }) {
  return (
    <span className={styles.badge} data-tone={tone}>
      {children}
    </span>
  );
}
