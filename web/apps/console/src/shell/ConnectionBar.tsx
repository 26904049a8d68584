// Says plainly that the page is not live, once that has lasted long enough to matter.
import { IconCloudOff, IconRefresh } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { client } from "../backend/client";
import { useObservable } from "../backend/observe";
import styles from "./ConnectionBar.module.css";

const PATIENCE_MS = 1500;

export function ConnectionBar() {
  const connection = useObservable(client.connection);
  const [isShown, setIsShown] = useState(false);
  const isLive = connection === "live";

  useEffect(() => {
    if (isLive) {
      setIsShown(false);
      return;
    }
    const timer = setTimeout(() => setIsShown(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isLive]);

  return (
    <div role="status" aria-live="polite">
      {isShown && (
        <div className={styles.bar}>
          {connection === "offline" ? <IconCloudOff size={16} /> : <IconRefresh size={16} />}
          {connection === "offline"
            ? "You are offline. Go on writing: your answers are kept and sent as soon as the connection is back."
            : "Connected again. Catching up…"}
        </div>
      )}
    </div>
  );
}
