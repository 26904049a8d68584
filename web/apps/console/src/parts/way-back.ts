// Where the focus goes when a dialog is gone. The library leads back to what had it before; that is nowhere when an item of a
// menu opened the dialog, when a button was busy meanwhile, or when what was pressed goes with what is deleted.
import { useEffect } from "react";

const DIALOG = ".mantine-Modal-content";
/** The library's own way back comes first; it takes 10 ms. */
const AFTER_MS = 30;

let pressed: HTMLElement | null = null;
let openDialogs = 0;

/** Remembers what was pressed last, outside of dialogs. */
export function listenToPresses(): () => void {
  const onClick = ({ target }: MouseEvent) => {
    const button = target instanceof Element ? target.closest<HTMLElement>("button, a") : null;
    if (button && !isInDialog(button)) pressed = openerOf(button);
  };
  // A dialog that a shortcut opens was opened by nothing on the page.
  const onKey = ({ key, target }: KeyboardEvent) => {
    if (key.length === 1 && key !== " " && !isInDialog(target)) pressed = null;
  };
  document.addEventListener("click", onClick, true);
  document.addEventListener("keydown", onKey, true);
  return () => {
    document.removeEventListener("click", onClick, true);
    document.removeEventListener("keydown", onKey, true);
  };
}

/** Leads back from a dialog, or from several after one another, to what opened them, or else to a heading near it. */
export function useWayBack(isOpen: boolean): void {
  useEffect(() => {
    if (!isOpen) return;
    const opener = pressed;
    const surroundings = around(opener);
    openDialogs += 1;
    return () => {
      openDialogs -= 1;
      if (opener) setTimeout(() => leadBack(opener, surroundings), AFTER_MS);
    };
  }, [isOpen]);
}

/** An item is gone with its menu; the menu's button stays. */
function openerOf(button: HTMLElement): HTMLElement {
  const label = button.closest("[role=menu]")?.getAttribute("aria-labelledby");
  return (label ? document.getElementById(label) : null) ?? button;
}

/** The sections that it stands in, from the inside outwards. */
function around(opener: HTMLElement | null): Element[] {
  const sections: Element[] = [];
  for (let next = opener?.closest("section"); next; next = next.parentElement?.closest("section")) sections.push(next);
  return sections;
}

function leadBack(opener: HTMLElement, surroundings: Element[]): void {
  if (openDialogs > 0) return;
  const settle = () => {
    if (isNowhere()) (opener.isConnected ? opener : headingIn(surroundings))?.focus();
  };
  settle();
  // It may be busy for a while, or go once the server has answered, and the page in place of this one come later still.
  const observer = new MutationObserver(settle);
  observer.observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] });
  const stop = new AbortController();
  stop.signal.onabort = () => observer.disconnect();
  for (const sign of ["focusin", "pointerdown"]) {
    document.addEventListener(sign, () => stop.abort(), { signal: stop.signal });
  }
}

/** On nothing, or in a dialog that is about to go. */
function isNowhere(): boolean {
  const { activeElement } = document;
  return activeElement === null || activeElement === document.body || isInDialog(activeElement);
}

function isInDialog(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(DIALOG) !== null;
}

function headingIn(surroundings: Element[]): HTMLElement | undefined {
  const place = surroundings.find((section) => section.isConnected) ?? document.querySelector("main");
  const headings = [...(place?.querySelectorAll<HTMLElement>("h1, h2, h3") ?? [])];
  // Some are there for screen readers alone, one pixel wide.
  const heading = headings.find(({ offsetWidth }) => offsetWidth > 1);
  heading?.setAttribute("tabindex", "-1");
  return heading;
}
