// The head of the list: which queue, search, and what to narrow it by.
import { ActionIcon, Menu, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconAdjustmentsHorizontal, IconCheck, IconSearch, IconX } from "@tabler/icons-react";
import { useRef, useState } from "react";
import type { Priority } from "../backend/types";
import { useShortcut } from "../browser/shortcuts";
import { PRIORITY_NAMES, PriorityMark } from "../parts/PriorityMark";
import { type ListView, QUEUE_NAMES } from "../tickets/queues";
import styles from "./ListHead.module.css";

const PRIORITIES: Priority[] = ["high", "medium", "low"];

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
        <Menu position="bottom-end" width={200}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label="Narrow the list" data-active={view.priority !== null}>
              <IconAdjustmentsHorizontal size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>Priority</Menu.Label>
            <Menu.Item
              rightSection={view.priority === null && <IconCheck size={16} aria-label="chosen" />}
              onClick={() => onView({ ...view, priority: null })}
            >
              Any
            </Menu.Item>
            {PRIORITIES.map((priority) => (
              <Menu.Item
                key={priority}
                leftSection={<PriorityMark priority={priority} />}
                rightSection={view.priority === priority && <IconCheck size={16} aria-label="chosen" />}
                onClick={() => onView({ ...view, priority })}
              >
                {PRIORITY_NAMES[priority]}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
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
