/** Owns a person's face: their picture, or their initials where there is none or the page's policy forbids it. */
import { useState } from "preact/hooks";
import { Mark } from "./icons";

const TONES = 6;

export function Avatar({ name, url, isOnline }: { name: string; url?: string | null; isOnline?: boolean }) {
  const [failedUrl, setFailedUrl] = useState<string | null>(null);
  const isShown = url && url !== failedUrl && /^https?:/i.test(url);
  return (
    <span class={`avatar tone-${toneOf(name)}`} aria-hidden="true">
      {isShown ? (
        <img src={url} alt="" referrerpolicy="no-referrer" onError={() => setFailedUrl(url)} />
      ) : (
        initials(name) || <Mark size={20} />
      )}
      {isOnline && <i class="dot" />}
    </span>
  );
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  return [words[0], words.length > 1 ? words.at(-1) : undefined]
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
    .toUpperCase();
}

/** The same name has the same color everywhere. */
function toneOf(name: string): number {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9_973;
  return sum % TONES;
}
