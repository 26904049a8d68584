// What somebody wrote: as text, with safe links.
import { withLinks } from "./links";

export function RichText({ text }: { text: string }) {
  let place = 0;
  return withLinks(text).map((piece) => {
    const key = place;
    place += piece.text.length;
    return piece.kind === "text" ? (
      <span key={key}>{piece.text}</span>
    ) : (
      <a key={key} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
        {piece.text}
      </a>
    );
  });
}
