// Reports: what happened, and how it is just now. Loaded only when somebody goes there.
import { useDocumentTitle } from "@mantine/hooks";
import { Link, Redirect } from "wouter";
import { History } from "./History";
import { Live } from "./Live";
import styles from "./Reports.module.css";

const TABS = [
  { id: "overview", label: "Overview", page: History },
  { id: "live", label: "Live", page: Live },
];

export function Reports({ tab }: { tab: string | undefined }) {
  const current = TABS.find(({ id }) => id === (tab ?? "overview"));
  useDocumentTitle(`${current?.label === "Live" ? "Live" : "Reports"} · SmileChat`);
  if (!current) return <Redirect to="/reports" replace />;
  const Page = current.page;
  return (
    <main className={styles.reports}>
      <header className={styles.top}>
        <h1>Reports</h1>
        <nav className={styles.tabs} aria-label="Reports">
          {TABS.map(({ id, label }) => (
            <Link
              key={id}
              to={id === "overview" ? "/reports" : `/reports/${id}`}
              aria-current={id === current.id ? "page" : undefined}
            >
              {label}
            </Link>
          ))}
        </nav>
      </header>
      <Page />
    </main>
  );
}
