// Keyboard shortcuts: single keys, and sequences such as "g i". Pure but for the clock, which is handed in.

export interface Shortcut {
  /** Keys as `KeyboardEvent.key` names them, one after another: ["g", "i"]. */
  keys: readonly string[];
  run: () => void;
}

export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  isComposing: boolean;
  /** Somebody writes in a field, or a dialog is open. */
  isTaken: boolean;
}

/** A sequence that is not finished within this time begins anew. */
export const SEQUENCE_MS = 1200;

/** Answers whether the press belonged to a shortcut. */
export function createKeymap(shortcuts: () => readonly Shortcut[], now: () => number): (press: KeyPress) => boolean {
  let pending: string[] = [];
  let last = 0;
  return (press) => {
    if (press.isTaken || press.ctrlKey || press.metaKey || press.altKey || press.isComposing) {
      pending = [];
      return false;
    }
    if (now() - last > SEQUENCE_MS) pending = [];
    last = now();
    const found = match([...pending, press.key], shortcuts()) ?? match([press.key], shortcuts());
    if (!found) {
      pending = [];
      return false;
    }
    if (found === "begun") {
      pending = [...pending, press.key];
      return true;
    }
    pending = [];
    found.run();
    return true;
  };
}

function match(keys: string[], shortcuts: readonly Shortcut[]): Shortcut | "begun" | null {
  const begins = shortcuts.filter((shortcut) => keys.every((key, index) => shortcut.keys[index] === key));
  const exact = begins.find((shortcut) => shortcut.keys.length === keys.length);
  return exact ?? (begins.length > 0 ? "begun" : null);
}
