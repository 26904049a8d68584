// The head of the list: which queue, search, and what to narrow it by.
import { ActionIcon, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch, IconX } from "@tabler/icons-react";
import { Suspense, useRef, useState } from "react";
import { useShortcut } from "../browser/shortcuts";
import { lazily } from "../parts/lazily";
import { PRIORITY_NAMES } from "../parts/PriorityMark";
import { type ListView, QUEUE_NAMES } from "../tickets/queues";
import styles from "./ListHead.module.css";

const PriorityFilter = lazily(() => import("./PriorityFilter").then((module) => module.PriorityFilter));

export function ListHead({ view, onView }: { view: ListView; onView: (view: ListView) => void }) {
  const field = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(view.search);
  const search = useDebouncedCallback((text: string) => onView({ ...view, search: text.trim() }), 200);
  const type = (text: string) => {
    setTyped(text);
    search(text);
  };
  const clear = () => {
    setTyped("");
    onView({ ...view, search: "" });
  };
  useShortcut("search", () => field.current?.focus());

  return (
    <header className={styles.head}>
      <div className={styles.line}>
        <h2>{view.search ? "Search" : QUEUE_NAMES[view.queue]}</h2>
        <Suspense fallback={<ActionIcon variant="subtle" color="gray" aria-hidden="true" disabled />}>
          <PriorityFilter chosen={view.priority} onChoose={(priority) => onView({ ...view, priority })} />
        </Suspense>
      </div>
      <TextInput
        ref={field}
        type="search"
        size="sm"
        value={typed}
        onChange={(event) => type(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          if (typed) clear();
          else event.currentTarget.blur();
        }}
        placeholder="Number, subject or customer"
        aria-label="Search tickets"
        leftSection={<IconSearch size={16} />}
        rightSection={
          typed ? (
            <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Clear the search" onClick={clear}>
              <IconX size={14} />
            </ActionIcon>
          ) : null
        }
        classNames={{ input: styles.field ?? "" }}
      />
      {(view.priority || view.tag) && (
        <div className={styles.chips}>
          {view.priority && (
            <Chip
              label={`${PRIORITY_NAMES[view.priority]} priority`}
              onRemove={() => onView({ ...view, priority: null })}
            />
          )}
          {view.tag && <Chip label={view.tag} onRemove={() => onView({ ...view, tag: null })} />}
        </div>
      )}
    </header>
  );
}

function Chip({ label, onRemove }: { label: string; onRemove: () => void }) {
  return (
    <button type="button" className={styles.chip} onClick={onRemove} aria-label={`Do not narrow to ${label}`}>
      {label}
      <IconX size={12} aria-hidden="true" />
    </button>
  );
}
