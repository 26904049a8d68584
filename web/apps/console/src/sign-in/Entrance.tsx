// The frame of the pages before the console: the mark, one card, a quiet picture of what waits behind it.
import type { ReactNode } from "react";
import { Mark } from "../theme/Mark";
import styles from "./Entrance.module.css";

export function Entrance({ title, lead, children }: { title: string; lead: string; children: ReactNode }) {
  return (
    <div className={styles.page}>
      <main className={styles.form}>
        <div className={styles.brand}>
          <Mark size={34} />
          <span>SmileChat</span>
        </div>
        <div className={styles.middle}>
          <h1>{title}</h1>
          <p className={styles.lead}>{lead}</p>
          {children}
        </div>
      </main>
      <aside className={styles.picture} aria-hidden="true">
        <div className={styles.scene}>
          <p className={styles.theirs}>Hi! The parcel says delivered, but nothing is here.</p>
          <p className={styles.theirs} data-second>
            Could somebody have a look?
          </p>
          <p className={styles.ours}>On it. It is with your neighbour at number 12, I asked them to keep it dry.</p>
          <p className={styles.theirs}>You are quick. Thank you!</p>
        </div>
      </aside>
    </div>
  );
}
