// Parts of the page that its first view does without: fetched when they are shown, or as soon as the browser has time.
import { Button } from "@mantine/core";
import { type ComponentType, lazy } from "react";
import styles from "./lazily.module.css";

const TRIES = 3;
const PAUSE_MS = 2_000;

/** For inside of `Suspense`. What cannot be fetched (no network, a newer release) says so instead of breaking the page. */
export function lazily<Props extends object>(load: () => Promise<ComponentType<Props>>) {
  const fetchIt = async (): Promise<ComponentType<Props>> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await load();
      } catch {
        if (attempt === TRIES) return NotLoaded;
        await new Promise((done) => setTimeout(done, PAUSE_MS));
      }
    }
  };
  return lazy(async () => ({ default: await fetchIt() }));
}

/** Fetches what will be wanted soon, once the first view is there: an outage later finds it here. */
export function fetchAhead(loads: (() => Promise<unknown>)[]): () => void {
  const start = () => {
    for (const load of loads) load().catch(() => {});
  };
  if (typeof requestIdleCallback === "undefined") {
    const timer = setTimeout(start, PAUSE_MS);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(start, { timeout: PAUSE_MS });
  return () => cancelIdleCallback(handle);
}

function NotLoaded() {
  return (
    <div className={styles.missing} role="alert">
      <p>This part of the page could not be fetched.</p>
      <Button variant="default" onClick={() => location.reload()}>
        Load the page again
      </Button>
    </div>
  );
}
