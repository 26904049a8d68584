/**
 * Owns where links are in a message. Used by the bubbles of the widget and the console. Invariant: the text of all pieces together is the text given,
 * and an `href` is always http, https or mailto.
 */

export interface Piece {
  text: string;
  href?: string;
}

const CANDIDATE = /(?:https?:\/\/|mailto:|www\.)[^\s<>"]+|[\w.+-]+@[a-z\d-]+(?:\.[a-z\d-]+)+/gi;

export function findLinks(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const found = withoutTrailingMarks(match[0]);
    const href = safeAddress(found);
    if (!href) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: found, href });
    end = match.index + found.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** A full stop or a closing bracket after a link belongs to the sentence, unless the bracket was opened in the link. */
function withoutTrailingMarks(found: string): string {
  let link = found;
  for (;;) {
    const last = link.at(-1) ?? "";
    const opener = { ")": "(", "]": "[", "}": "{" }[last];
    const belongsToSentence = opener ? count(link, opener) < count(link, last) : /[.,;:!?…'"`*_»”’“‘]/.test(last);
    if (!belongsToSentence) return link;
    link = link.slice(0, -1);
  }
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

function safeAddress(text: string): string | null {
  const complete = /^(https?:|mailto:)/i.test(text) ? text : text.includes("@") ? `mailto:${text}` : `https://${text}`;
  try {
    const { protocol, href, hostname } = new URL(complete);
    if (protocol === "mailto:") return href;
    return /^https?:$/.test(protocol) && hostname.includes(".") ? href : null;
  } catch {
    return null;
  }
}
