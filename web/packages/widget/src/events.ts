/**
 * Owns what the page hears: DOM events on the document, and listeners given by `SmileChat('on', …)`.
 * Used by the widget. Invariant: a listener that throws stops nothing.
 */

export interface WidgetEvents {
  ready: Record<string, never>;
  open: Record<string, never>;
  close: Record<string, never>;
  message: { text: string; own: boolean; sender: string; timestamp: string };
  unread: { count: number };
  error: { code: string; message: string };
}

export type EventName = keyof WidgetEvents;
export type Listener = (detail: unknown) => void;

const listeners = new Map<string, Set<Listener>>();

export function tell<E extends EventName>(name: E, detail: WidgetEvents[E]): void {
  document.dispatchEvent(new CustomEvent(`smilechat:${name}`, { detail, bubbles: true }));
  for (const listener of [...(listeners.get(name) ?? [])]) {
    try {
      listener(detail);
    } catch (error) {
      console.error(error);
    }
  }
}

export function listen(name: string, listener: Listener): void {
  listeners.set(name, (listeners.get(name) ?? new Set()).add(listener));
}

/** Without a listener, all of that name. */
export function ignore(name: string, listener?: Listener): void {
  if (listener) listeners.get(name)?.delete(listener);
  else listeners.delete(name);
}
