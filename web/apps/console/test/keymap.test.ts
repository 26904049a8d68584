import { expect, test, vi } from "vitest";
import { createKeymap, type KeyPress, SEQUENCE_MS } from "../src/browser/keymap";
import { SHORTCUTS } from "../src/browser/shortcuts";

const press = (key: string, patch: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  isComposing: false,
  isTaken: false,
  ...patch,
});

function keyboard() {
  const [next, goMine, goAll] = [vi.fn(), vi.fn(), vi.fn()];
  const clock = { now: 0 };
  const shortcuts = [
    { keys: ["j"], run: next },
    { keys: ["g", "i"], run: goMine },
    { keys: ["g", "a"], run: goAll },
  ];
  const type = createKeymap(
    () => shortcuts,
    () => clock.now,
  );
  return { next, goMine, goAll, clock, type };
}

test("a key runs what it stands for, and says that it was taken", () => {
  const { type, next } = keyboard();
  expect(type(press("j"))).toBe(true);
  expect(type(press("x"))).toBe(false);
  expect(next).toHaveBeenCalledTimes(1);
});

test("a sequence needs both keys, soon after each other", () => {
  const { type, goMine, goAll, clock } = keyboard();
  expect(type(press("g"))).toBe(true);
  type(press("i"));
  expect(goMine).toHaveBeenCalledTimes(1);
  type(press("g"));
  clock.now += SEQUENCE_MS + 1;
  type(press("a"));
  expect(goAll).not.toHaveBeenCalled();
});

test("a key that continues nothing counts for itself", () => {
  const { type, next, goMine } = keyboard();
  type(press("g"));
  type(press("j"));
  type(press("i"));
  expect(next).toHaveBeenCalledTimes(1);
  expect(goMine).not.toHaveBeenCalled();
});

test.each([{ isTaken: true }, { ctrlKey: true }, { metaKey: true }, { altKey: true }, { isComposing: true }])(
  "%j belongs to somebody else",
  (patch) => {
    const { type, next } = keyboard();
    expect(type(press("j", patch))).toBe(false);
    expect(next).not.toHaveBeenCalled();
  },
);

test("no shortcut hides another one", () => {
  const all = Object.values(SHORTCUTS).map(({ keys }) => keys.join(" "));
  expect(new Set(all).size).toBe(all.length);
  for (const one of all) expect(all.filter((other) => other.startsWith(`${one} `))).toEqual([]);
});
