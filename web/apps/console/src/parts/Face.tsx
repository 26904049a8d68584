// A person's picture, or initials on a color that is theirs everywhere; with presence where it is known. Customers have
// initials alone: a picture of their choice would tell whoever serves it when staff look, and from where.
import type { Status } from "../backend/types";
import styles from "./Face.module.css";

interface Props {
  id: string;
  name: string;
  url?: string | null | undefined;
  size?: "xs" | "sm" | "md" | "lg";
  status?: Status | undefined;
}

export function Face({ id, name, url, size = "md", status }: Props) {
  return (
    <span className={styles.face} data-size={size} data-tone={toneOf(id)} aria-hidden="true">
      {url ? <img src={url} alt="" referrerPolicy="no-referrer" /> : initials(name)}
      {status && <span className={styles.status} data-status={status} />}
    </span>
  );
}

export function StatusDot({ status }: { status: Status }) {
  return <span className={styles.dot} data-status={status} aria-hidden="true" />;
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => [...(word ?? "")][0] ?? "");
  return letters.join("").toLocaleUpperCase();
}

const TONES = 7;

function toneOf(id: string): number {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) % 9973;
  return sum % TONES;
}
