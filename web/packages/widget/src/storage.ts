/** Owns what the browser keeps for the widget. Used everywhere. Invariant: a browser that forbids storage is no error. */

type Place = "localStorage" | "sessionStorage";

/** What is being written, so that it survives the way to another page. */
export const DRAFT = "smilechat:draft";

export function keep(place: Place, key: string, text: string | null): void {
  try {
    if (text === null) window[place].removeItem(key);
    else window[place].setItem(key, text);
  } catch {
    // Private windows and full storage: then it is forgotten at the next page.
  }
}

export function kept(place: Place, key: string): string | null {
  try {
    return window[place].getItem(key);
  } catch {
    return null;
  }
}

/** Calls back when another tab changes the key. */
export function onOtherTab(key: string, changed: (text: string | null) => void): () => void {
  const heard = (event: StorageEvent) => event.key === key && changed(event.newValue);
  addEventListener("storage", heard);
  return () => removeEventListener("storage", heard);
}
