// What somebody wrote: as text, with safe links.
import { findLinks } from "@smilechat/readable/links";

export function RichText({ text }: { text: string }) {
  let place = 0;
  return findLinks(text).map((piece) => {
    const key = place;
    place += piece.text.length;
    return piece.href ? (
      <a key={key} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
        {piece.text}
      </a>
    ) : (
      <span key={key}>{piece.text}</span>
    );
  });
}
