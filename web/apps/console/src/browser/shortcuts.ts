// The shortcuts of the console by name. Components say what a name does while they are on the screen; the help sheet and
// the palette read the same table.
import { useEffect, useRef } from "react";
import { createKeymap, type Shortcut } from "./keymap";
import { preferences } from "./preferences";

export const SHORTCUTS = {
  next: { keys: ["j"], label: "Next ticket", group: "Tickets" },
  previous: { keys: ["k"], label: "Previous ticket", group: "Tickets" },
  search: { keys: ["/"], label: "Search tickets", group: "Tickets" },
  back: { keys: ["u"], label: "Back to the list", group: "Tickets" },
  reply: { keys: ["r"], label: "Write a reply", group: "Conversation" },
  note: { keys: ["n"], label: "Write a private note", group: "Conversation" },
  take: { keys: ["t"], label: "Take the ticket", group: "Conversation" },
  assign: { keys: ["a"], label: "Assign to somebody", group: "Conversation" },
  priority: { keys: ["p"], label: "Change the priority", group: "Conversation" },
  close: { keys: ["c"], label: "Close or reopen", group: "Conversation" },
  details: { keys: ["d"], label: "Show or hide the customer", group: "Conversation" },
  goMine: { keys: ["g", "i"], label: "Go to my tickets", group: "Go" },
  goUnassigned: { keys: ["g", "u"], label: "Go to unassigned", group: "Go" },
  goAll: { keys: ["g", "a"], label: "Go to all open", group: "Go" },
  goClosed: { keys: ["g", "c"], label: "Go to closed", group: "Go" },
  goBot: { keys: ["g", "b"], label: "Go to what the bot has", group: "Go" },
  goKnowledge: { keys: ["g", "k"], label: "Go to knowledge", group: "Go" },
  goReports: { keys: ["g", "r"], label: "Go to reports", group: "Go" },
  goSettings: { keys: ["g", "s"], label: "Go to settings", group: "Go" },
  help: { keys: ["?"], label: "Keyboard shortcuts", group: "Help" },
} as const satisfies Record<string, { keys: readonly string[]; label: string; group: string }>;

export type ShortcutName = keyof typeof SHORTCUTS;

const bound = new Map<ShortcutName, () => void>();

/** Gives a shortcut its meaning while the component is shown. */
export function useShortcut(name: ShortcutName, run: () => void): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    const call = () => latest.current();
    bound.set(name, call);
    return () => {
      if (bound.get(name) === call) bound.delete(name);
    };
  }, [name]);
}

/** Does what the shortcut does now, if it does anything. */
export function runShortcut(name: ShortcutName): void {
  bound.get(name)?.();
}

export function boundShortcuts(): ShortcutName[] {
  return [...bound.keys()];
}

export function listenToKeys(): () => void {
  const keymap = createKeymap(current, () => performance.now());
  const listener = (event: KeyboardEvent) => {
    const { key, ctrlKey, metaKey, altKey, isComposing } = event;
    const isTaken = event.defaultPrevented || !preferences().shortcuts || isBusy(event.target);
    if (keymap({ key, ctrlKey, metaKey, altKey, isComposing, isTaken })) event.preventDefault();
  };
  document.addEventListener("keydown", listener);
  return () => document.removeEventListener("keydown", listener);
}

function current(): Shortcut[] {
  return [...bound].map(([name, run]) => ({ keys: SHORTCUTS[name].keys, run }));
}

/** Somebody writes, or something that has the keys to itself is open. */
function isBusy(target: EventTarget | null): boolean {
  const fields = "input, textarea, select, [contenteditable=true], [role=menu], [role=listbox], [role=dialog]";
  return (
    (target instanceof Element && target.closest(fields) !== null) ||
    document.querySelector("[aria-modal=true]") !== null
  );
}
