// Says plainly that the page is not live, once that has lasted long enough to matter.
import { IconCloudOff, IconPlugConnectedX, IconRefresh } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { Standing } from "../backend/standing";
import { useStanding } from "../backend/use-standing";
import styles from "./ConnectionBar.module.css";

const PATIENCE_MS = 1500;

const DEGRADED = {
  no_socket: "Live updates do not get through; trying again. What you write is sent all the same.",
  polling: "Your network lets no WebSocket through. All arrives by a detour, a little later.",
  database: "The server cannot reach its database just now. Go on writing: your answers are kept and sent.",
  bus: "The servers do not hear each other just now. News from elsewhere may take a second or two.",
  files: "Files cannot be sent or shown just now. Messages go on.",
} as const;

export function words({ state, why }: Standing): string {
  if (state === "degraded") return DEGRADED[why];
  return {
    live: "Live: all arrives at once.",
    catching_up: "Connected again. Catching up…",
    offline: "You are offline. Go on writing: your answers are kept and sent as soon as the connection is back.",
  }[state];
}

const ICONS = { catching_up: IconRefresh, degraded: IconPlugConnectedX, offline: IconCloudOff };

export function ConnectionBar() {
  const standing = useStanding();
  const [isShown, setIsShown] = useState(false);
  const isLive = standing.state === "live";

  useEffect(() => {
    if (isLive) {
      setIsShown(false);
      return;
    }
    const timer = setTimeout(() => setIsShown(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isLive]);

  const Icon = standing.state === "live" ? null : ICONS[standing.state];
  return (
    <div role="status" aria-live="polite" data-standing={standing.state}>
      {isShown && Icon && (
        <div className={styles.bar}>
          <Icon size={16} />
          {words(standing)}
        </div>
      )}
    </div>
  );
}
