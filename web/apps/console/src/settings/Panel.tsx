// What settings are made of: a page with a title, and panels with one thing each.
import type { ReactNode } from "react";
import styles from "./Panel.module.css";

export function Page({
  title,
  lead,
  children,
  isWide = false,
}: {
  title: string;
  lead: ReactNode;
  children: ReactNode;
  isWide?: boolean;
}) {
  return (
    <div className={styles.page} data-wide={isWide}>
      <header className={styles.intro}>
        <h2>{title}</h2>
        <p>{lead}</p>
      </header>
      {children}
    </div>
  );
}

interface PanelProps {
  title: string;
  lead?: ReactNode;
  action?: ReactNode;
  children?: ReactNode;
}

export function Panel({ title, lead, action, children }: PanelProps) {
  return (
    <section className={styles.panel} aria-label={title}>
      <div className={styles.head}>
        <div>
          <h3>{title}</h3>
          {lead && <p>{lead}</p>}
        </div>
        {action}
      </div>
      {children}
    </section>
  );
}
