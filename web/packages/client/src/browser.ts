/** Tells a client what a browser knows: network gone or back, page shown again. */
import type { Client } from "./public.js";

interface Target {
  addEventListener(type: string, listener: () => void): void;
  removeEventListener(type: string, listener: () => void): void;
}

/** Call it once per client; the answer ends it. Does nothing where there is no browser. */
export function watchBrowser(client: Pick<Client, "setOnline" | "wake">): () => void {
  const { window, document } = globalThis as { window?: Target; document?: Target & { visibilityState: string } };
  if (!window || !document) return () => {};
  const online = () => client.setOnline(true);
  const offline = () => client.setOnline(false);
  const shown = () => document.visibilityState === "visible" && client.wake();
  const listening: [Target, string, () => void][] = [
    [window, "online", online],
    [window, "offline", offline],
    [window, "pageshow", shown],
    [window, "focus", shown],
    [document, "visibilitychange", shown],
    [document, "resume", shown],
  ];
  for (const [target, type, listener] of listening) target.addEventListener(type, listener);
  return () => {
    for (const [target, type, listener] of listening) target.removeEventListener(type, listener);
  };
}
