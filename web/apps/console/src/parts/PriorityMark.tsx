// Priority as three bars: readable without its color.
import type { Priority } from "../backend/types";
import styles from "./PriorityMark.module.css";

export const PRIORITY_NAMES: Record<Priority, string> = { high: "High", medium: "Medium", low: "Low" };

export function PriorityMark({ priority }: { priority: Priority }) {
  return (
    <svg
      className={styles.mark}
      data-priority={priority}
      viewBox="0 0 12 12"
      role="img"
      aria-label={`${PRIORITY_NAMES[priority]} priority`}
    >
      <rect x="0.5" y="7.5" width="2.75" height="4" rx="1" />
      <rect x="4.625" y="4" width="2.75" height="7.5" rx="1" />
      <rect x="8.75" y="0.5" width="2.75" height="11" rx="1" />
    </svg>
  );
}
