// The rail: queues with their counts, settings, and who one is. On a phone it is a bar at the foot of the screen.
import { UnstyledButton } from "@mantine/core";
import { spotlight } from "@mantine/spotlight";
import {
  IconArchive,
  IconBook2,
  IconChartBar,
  IconInbox,
  IconMoodSmile,
  IconRobot,
  IconSearch,
  IconSettings,
  IconStack2,
  type TablerIcon,
} from "@tabler/icons-react";
import { Suspense } from "react";
import { Link, useLocation } from "wouter";
import { lazily } from "../parts/lazily";
import { Mark } from "../theme/Mark";
import { countBadge, countLabel, QUEUE_NAMES, QUEUES, type QueueId } from "../tickets/queues";
import { useCounts } from "../tickets/tickets";
import styles from "./Rail.module.css";

const MeMenu = lazily(() => import("./MeMenu").then((module) => module.MeMenu));

const ICONS: Record<QueueId, TablerIcon> = {
  mine: IconMoodSmile,
  unassigned: IconInbox,
  bot: IconRobot,
  all: IconStack2,
  closed: IconArchive,
};

export function Rail({ onHelp }: { onHelp: () => void }) {
  const counts = useCounts();
  return (
    <nav className={styles.rail} aria-label="Main">
      <div className={styles.brand}>
        <Mark size={26} />
        <span className={styles.wide}>SmileChat</span>
      </div>
      <UnstyledButton className={styles.search} onClick={() => spotlight.open()}>
        <IconSearch size={15} stroke={2} aria-hidden="true" />
        <span className={styles.wide}>Search or jump to…</span>
        <kbd className={styles.wide}>{isApple() ? "⌘K" : "Ctrl K"}</kbd>
      </UnstyledButton>
      <ul className={styles.links}>
        {QUEUES.map((queue) => (
          <RailLink
            key={queue}
            to={`/inbox/${queue}`}
            label={QUEUE_NAMES[queue]}
            icon={ICONS[queue]}
            count={counts?.[queue]}
            isQuiet={queue === "closed"}
          />
        ))}
      </ul>
      <div className={styles.foot}>
        <ul className={styles.links}>
          <RailLink to="/knowledge" label="Knowledge" icon={IconBook2} />
          <RailLink to="/reports" label="Reports" icon={IconChartBar} />
          <RailLink to="/settings" label="Settings" icon={IconSettings} />
        </ul>
        <Suspense fallback={<div className={styles.pending} />}>
          <MeMenu onHelp={onHelp} />
        </Suspense>
      </div>
    </nav>
  );
}

interface LinkProps {
  to: string;
  label: string;
  icon: TablerIcon;
  count?: number | undefined;
  /** A count that asks nothing of anybody: told where there is room. */
  isQuiet?: boolean;
}

function RailLink({ to, label, icon: Icon, count, isQuiet = false }: LinkProps) {
  const [path] = useLocation();
  const isCurrent = path === to || path.startsWith(`${to}/`);
  const hasCount = count !== undefined && count > 0;
  return (
    <li>
      <Link to={to} className={styles.link ?? ""} title={label} aria-current={isCurrent ? "page" : undefined}>
        <Icon size={18} stroke={1.75} aria-hidden="true" />
        <span className={styles.label}>{label}</span>
        {hasCount && (
          <span className={styles.count} data-quiet={isQuiet}>
            <span className={styles.figure}>{countLabel(count)}</span>
            <span className={styles.badge} aria-hidden="true">
              {countBadge(count)}
            </span>
          </span>
        )}
      </Link>
    </li>
  );
}

function isApple(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent);
}
