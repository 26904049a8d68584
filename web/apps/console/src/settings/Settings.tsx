// Settings: one's own, and for admins the tenant's. Loaded only when somebody goes there.

import { useDocumentTitle } from "@mantine/hooks";
import {
  IconBell,
  IconKey,
  IconLock,
  IconMessageCircle2,
  IconRobot,
  IconUser,
  IconUsers,
  IconWebhook,
  type TablerIcon,
} from "@tabler/icons-react";
import { type ComponentType, useEffect, useRef } from "react";
import { Link, Redirect } from "wouter";
import { isAdmin, useMe } from "../backend/session";
import { Dialogs } from "../parts/Dialogs";
import { NoPage } from "../parts/NoPage";
import { BotSettingsPage } from "./bot/BotSettingsPage";
import { KeysSettings } from "./KeysSettings";
import { PeopleSettings } from "./PeopleSettings";
import { PreferenceSettings } from "./PreferenceSettings";
import { ProfileSettings } from "./ProfileSettings";
import { SecuritySettings } from "./SecuritySettings";
import styles from "./Settings.module.css";
import { WidgetSettingsPage } from "./WidgetSettingsPage";
import { WebhooksSettings } from "./webhooks/WebhooksSettings";

interface Section {
  id: string;
  label: string;
  icon: TablerIcon;
  page: ComponentType;
}

const OWN: Section[] = [
  { id: "profile", label: "Profile", icon: IconUser, page: ProfileSettings },
  { id: "security", label: "Password and two-factor", icon: IconLock, page: SecuritySettings },
  { id: "preferences", label: "Notifications and look", icon: IconBell, page: PreferenceSettings },
];

const TENANT: Section[] = [
  { id: "people", label: "People", icon: IconUsers, page: PeopleSettings },
  { id: "widget", label: "Widget", icon: IconMessageCircle2, page: WidgetSettingsPage },
  { id: "bot", label: "Bot", icon: IconRobot, page: BotSettingsPage },
  { id: "keys", label: "API keys", icon: IconKey, page: KeysSettings },
  { id: "webhooks", label: "Webhooks", icon: IconWebhook, page: WebhooksSettings },
];

export function Settings({ section }: { section: string | undefined }) {
  const me = useMe();
  const allowed = isAdmin(me) ? [...OWN, ...TENANT] : OWN;
  const current = allowed.find((other) => other.id === section);
  useDocumentTitle(`${current?.label ?? "Settings"} · SmileChat`);
  const nav = useRef<HTMLElement>(null);
  // On a phone the sections stand in one row, of which the chosen one may be beyond the edge.
  useEffect(() => {
    const link = nav.current?.querySelector(`[href$="/${current?.id}"]`);
    link?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [current?.id]);
  if (!current && TENANT.some((other) => other.id === section)) {
    return <NoPage title="For admins only" text="Ask an admin of your team to change this, or to make you one." />;
  }
  if (!current) return <Redirect to="/settings/profile" replace />;
  const Page = current.page;
  return (
    <div className={styles.settings}>
      <nav className={styles.menu} aria-label="Settings" ref={nav}>
        <h1>Settings</h1>
        <Group title="You" sections={OWN} current={current.id} />
        {isAdmin(me) && <Group title="Everybody" sections={TENANT} current={current.id} />}
        <a className={styles.notices} href="/app/licenses.txt" target="_blank" rel="noreferrer">
          Open-source notices
        </a>
      </nav>
      <main className={styles.page} key={current.id}>
        <Dialogs>
          <Page />
        </Dialogs>
      </main>
    </div>
  );
}

function Group({ title, sections, current }: { title: string; sections: Section[]; current: string }) {
  return (
    <div className={styles.group}>
      <h2>{title}</h2>
      <ul>
        {sections.map(({ id, label, icon: Icon }) => (
          <li key={id}>
            <Link to={`/settings/${id}`} aria-current={id === current ? "page" : undefined}>
              <Icon size={17} stroke={1.75} aria-hidden="true" />
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
