// Finds addresses in text. The text stays text; only http, https and mail become links. Pure.

export type Piece = { kind: "text"; text: string } | { kind: "link"; text: string; href: string };

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`“”„«»]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+/giu;

export function withLinks(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const found = trimEnd(match[0]);
    const href = hrefOf(found);
    if (!href) continue;
    if (match.index > end) pieces.push({ kind: "text", text: text.slice(end, match.index) });
    pieces.push({ kind: "link", text: found, href });
    end = match.index + found.length;
  }
  if (end < text.length) pieces.push({ kind: "text", text: text.slice(end) });
  return pieces;
}

/** Punctuation at the end belongs to the sentence, and so does a bracket that was not opened in the address. */
function trimEnd(found: string): string {
  let address = found.replace(/[.,;:!?…]+$/u, "");
  while (address.endsWith(")") && !address.includes("(")) address = address.slice(0, -1).replace(/[.,;:!?]+$/u, "");
  return address;
}

function hrefOf(address: string): string | null {
  if (!/^https?:/iu.test(address)) return `mailto:${address}`;
  try {
    const url = new URL(address);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}
