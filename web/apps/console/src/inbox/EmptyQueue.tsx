// An empty list says why it is empty, and what to do about it.
import { Button } from "@mantine/core";
import { IconArchive, IconInbox, IconMoodSmile, IconRobot, IconSearchOff, type TablerIcon } from "@tabler/icons-react";
import { useLocation } from "wouter";
import { countLabel, type ListView, type QueueId } from "../tickets/queues";
import { useCounts } from "../tickets/tickets";
import styles from "./EmptyQueue.module.css";

const WORDS: Record<QueueId, { title: string; text: string }> = {
  mine: { title: "Nothing waits for you", text: "Tickets that you take or are given appear here." },
  unassigned: { title: "Everybody is looked after", text: "New tickets that nobody has appear here, at once." },
  bot: { title: "The bot has nothing to do", text: "Tickets that it answers appear here, until a person takes over." },
  all: { title: "No open tickets", text: "When a customer writes, it shows up here." },
  closed: { title: "Nothing closed yet", text: "Tickets that are done move here." },
};

const ICONS: Record<QueueId, TablerIcon> = {
  mine: IconMoodSmile,
  unassigned: IconInbox,
  bot: IconRobot,
  all: IconInbox,
  closed: IconArchive,
};

export function EmptyQueue({ view, onView }: { view: ListView; onView: (view: ListView) => void }) {
  const [, navigate] = useLocation();
  const counts = useCounts();
  if (view.search || view.priority || view.tag) {
    return (
      <div className={styles.empty}>
        <IconSearchOff size={32} stroke={1.5} aria-hidden="true" />
        <h3>Nothing found</h3>
        <p>{view.search ? `No ticket matches “${view.search}”.` : "No ticket here fits what you narrowed it to."}</p>
        <Button variant="default" onClick={() => onView({ queue: view.queue, search: "", priority: null, tag: null })}>
          Show the whole queue
        </Button>
      </div>
    );
  }
  const Icon = ICONS[view.queue];
  const waiting = view.queue === "mine" ? (counts?.unassigned ?? 0) : 0;
  return (
    <div className={styles.empty}>
      <Icon size={32} stroke={1.5} aria-hidden="true" />
      <h3>{WORDS[view.queue].title}</h3>
      <p>{WORDS[view.queue].text}</p>
      {waiting > 0 && (
        <Button variant="light" onClick={() => navigate("/inbox/unassigned")}>
          See {waiting === 1 ? "the one" : `the ${countLabel(waiting)}`} that nobody has
        </Button>
      )}
    </div>
  );
}
