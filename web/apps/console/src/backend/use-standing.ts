// Asks the server now and then how it is, while somebody looks.
import { useEffect, useState } from "react";
import { client } from "./client";
import { useObservable } from "./observe";
import { askHealth, type Health, judge, type Standing } from "./standing";

const QUIETLY_MS = 30_000;
/** While something is amiss. */
const SOON_MS = 5_000;

export function useStanding(): Standing {
  const connection = useObservable(client.connection);
  const transport = useObservable(client.transport);
  const [health, setHealth] = useState<Health | null>(null);
  const isOffline = connection === "offline";
  const isWell = !isOffline && health?.isReached === true && health.down.length === 0;

  useEffect(() => {
    let isOver = false;
    const look = async () => {
      // Nobody looks: the next look is soon enough.
      if (document.hidden) return;
      const found = await askHealth();
      if (!isOver) setHealth(found);
    };
    // What was said while the socket was there says nothing of now.
    if (isOffline) setHealth(null);
    void look();
    const timer = setInterval(look, isWell ? QUIETLY_MS : SOON_MS);
    document.addEventListener("visibilitychange", look);
    return () => {
      isOver = true;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [isWell, isOffline]);

  return judge(connection, transport, health);
}
