/** Owns an answer of the bot with the articles that it comes from, as links below it. */
import { findLinks } from "@smilechat/readable/links";
import { Leaf } from "./icons";
import type { Source } from "./sources";

export function AnswerText({ text, sources }: { text: string; sources: readonly Source[] }) {
  return (
    <div class="bubble answer" dir="auto">
      {text && <Linked text={text} />}
      <ul class={`sources ${text ? "" : "alone"}`}>
        {sources.map(({ title, href }) => (
          <li key={href}>
            <a href={href} target="_blank" rel="noopener noreferrer" dir="auto">
              <Leaf />
              <span>{title}</span>
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function Linked({ text }: { text: string }) {
  return (
    <>
      {findLinks(text).map((piece) =>
        piece.href ? (
          <a href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
            {piece.text}
          </a>
        ) : (
          piece.text
        ),
      )}
    </>
  );
}
