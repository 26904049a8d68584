// A page of several, one shown at a time: its name, the tabs that lead to each by an address of its own, and the shown one.
import type { ComponentType } from "react";
import { Link } from "wouter";
import styles from "./TabbedPage.module.css";

export interface Tab {
  /** What stands behind `base/` in the address; the first tab is at `base`. */
  id: string;
  label: string;
  page: ComponentType;
}

export function TabbedPage({ title, base, tabs, shown }: { title: string; base: string; tabs: Tab[]; shown: Tab }) {
  const Page = shown.page;
  return (
    <main className={styles.page}>
      <header className={styles.top}>
        <h1>{title}</h1>
        <nav className={styles.tabs} aria-label={title}>
          {tabs.map((tab) => (
            <Link
              key={tab.id}
              to={tab === tabs[0] ? base : `${base}/${tab.id}`}
              aria-current={tab === shown ? "page" : undefined}
            >
              {tab.label}
            </Link>
          ))}
        </nav>
      </header>
      <Page />
    </main>
  );
}
