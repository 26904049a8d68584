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
  const trouble = !isOnline ? texts.noNetwork : isConnected ? null : texts.reconnecting;
  return (
    <div class="notices">
      <div role="status">
        {trouble && (
          <p class={`notice ${isOnline ? "busy" : ""}`}>
            {isOnline ? <i class="spinner" /> : <Cloud />}
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
  const [isOnline, setOnline] = useState(() => navigator.onLine);
  useEffect(() => {
    const look = () => setOnline(navigator.onLine);
    addEventListener("online", look);
    addEventListener("offline", look);
    return () => {
      removeEventListener("online", look);
      removeEventListener("offline", look);
    };
  }, []);
  return isOnline;
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
