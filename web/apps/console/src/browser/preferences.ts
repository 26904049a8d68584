// What this person likes on this device: kept in the browser, not on the server.
import { useSyncExternalStore } from "react";
import { keep, kept } from "./storage";

export interface Preferences {
  sound: boolean;
  /** Show notifications of the browser; it has its own say, too. */
  desktop: boolean;
  /** Single-key shortcuts. Who dictates text into the browser needs to turn them off. */
  shortcuts: boolean;
  /** The panel with the customer beside the conversation. */
  details: boolean;
  /** Whether the offer to turn notifications on was answered. */
  wasAsked: boolean;
}

const KEY = "smilechat:console:preferences";
const DEFAULTS: Preferences = { sound: true, desktop: false, shortcuts: true, details: true, wasAsked: false };

const listeners = new Set<() => void>();
let current = load();

export function preferences(): Preferences {
  return current;
}

export function setPreferences(patch: Partial<Preferences>): void {
  current = { ...current, ...patch };
  keep(KEY, JSON.stringify(current));
  for (const listener of listeners) listener();
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, preferences);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function load(): Preferences {
  try {
    return { ...DEFAULTS, ...(JSON.parse(kept(KEY) ?? "{}") as Partial<Preferences>) };
  } catch {
    return DEFAULTS;
  }
}
