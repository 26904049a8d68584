/** Owns the line under the header: what is wrong at the moment, in plain words. */
import { useEffect, useState } from "preact/hooks";
import type { WidgetState } from "../state";
import { Alert, Close, Cloud } from "./icons";
import { useObservable } from "./observe";

interface Props {
  now: WidgetState;
  failure: string | null;
  onDismiss: () => void;
}

/** A connection that comes back at once needs no word. */
const GRACE = 1_500;

export function Notice({ now, failure, onDismiss }: Props) {
  const { texts } = now.language;
  const isOnline = useNetwork();
  const connection = useObservable(now.conversation?.connection, "live");
  // Before its ticket is made a conversation has nothing to be connected to.
  const ticketId = useObservable(now.conversation?.ticketId, null);
  const isConnected = useSettled(connection === "live" || !ticketId);
  const isAway = !isOnline || connection === "offline";
  const trouble = isOnline && isConnected ? null : isAway ? texts.noNetwork : texts.catchingUp;
  return (
    <div class="notices">
      <div role="status">
        {trouble && (
          <p class={`notice ${isAway ? "" : "busy"}`}>
            {isAway ? <Cloud /> : <i class="spinner" />}
            {trouble}
          </p>
        )}
      </div>
      <div role="alert">
        {failure && (
          <p class="notice failure">
            <Alert />
            <span dir="auto">{failure}</span>
            <button type="button" aria-label={texts.dismiss} onClick={onDismiss}>
              <Close />
            </button>
          </p>
        )}
      </div>
    </div>
  );
}

function useNetwork(): boolean {
  const [, look] = useState({});
  useEffect(() => {
    const stop = new AbortController();
    for (const change of ["online", "offline"]) addEventListener(change, () => look({}), stop);
    return () => stop.abort();
  }, []);
  return navigator.onLine;
}

/** Good news at once, bad news once it lasts. */
function useSettled(isGood: boolean): boolean {
  const [shown, setShown] = useState(true);
  useEffect(() => {
    if (isGood) return setShown(true);
    const timer = setTimeout(() => setShown(false), GRACE);
    return () => clearTimeout(timer);
  }, [isGood]);
  return isGood || shown;
}
