// What one is seen as: kept on this device, told to the server at every start.
import { useSyncExternalStore } from "react";
import { client } from "../backend/client";
import type { Status } from "../backend/types";
import { keep, kept } from "./storage";

export const STATUS_NAMES: Record<Status, string> = {
  online: "Online",
  away: "Away",
  busy: "Busy",
  offline: "Offline",
};

const KEY = "smilechat:console:status";
const listeners = new Set<() => void>();
let chosen: Status = load();

export function useOwnStatus(): Status {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => chosen,
  );
}

export function setOwnStatus(status: Status): void {
  chosen = status;
  keep(KEY, status);
  client.setStatus(status);
  for (const listener of listeners) listener();
}

/** For the beginning of a session: who went away as busy comes back as busy. */
export function restoreOwnStatus(): void {
  client.setStatus(chosen);
}

function load(): Status {
  const before = kept(KEY);
  return before === "away" || before === "busy" ? before : "online";
}
