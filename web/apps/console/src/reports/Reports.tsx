// Reports: what happened, and how it is just now. Loaded only when somebody goes there.
import { useDocumentTitle } from "@mantine/hooks";
import { Redirect } from "wouter";
import { TabbedPage } from "../parts/TabbedPage";
import { History } from "./History";
import { Live } from "./Live";

const TABS = [
  { id: "overview", label: "Overview", page: History },
  { id: "live", label: "Live", page: Live },
];

export function Reports({ tab }: { tab: string | undefined }) {
  const current = TABS.find(({ id }) => id === (tab ?? "overview"));
  useDocumentTitle(`${current?.label === "Live" ? "Live" : "Reports"} · SmileChat`);
  if (!current) return <Redirect to="/reports" replace />;
  return <TabbedPage title="Reports" base="/reports" tabs={TABS} shown={current} />;
}
