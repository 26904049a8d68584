/** Owns the beginning of a conversation: the greeting, and quick replies until something has been said. */
import type { ComponentChildren } from "preact";
import type { WidgetState } from "../state";
import { Avatar } from "./Avatar";

interface Props {
  now: WidgetState;
  isFresh: boolean;
  onReply: (text: string) => void;
  children?: ComponentChildren;
}

export function Welcome({ now, isFresh, onReply, children }: Props) {
  const { settings, language } = now;
  const staff = settings.staff[0];
  return (
    <>
      <div class="group">
        <Avatar name={staff?.name ?? ""} url={staff?.avatar_url} />
        <div class="column">
          <p class="bubble" dir="auto">
            {settings.greeting || language.texts.greeting}
          </p>
        </div>
      </div>
      {children}
      {isFresh && settings.quickReplies.length > 0 && (
        <ul class="replies" aria-label={language.texts.suggestions}>
          {settings.quickReplies.map((reply) => (
            <li key={reply}>
              <button type="button" dir="auto" onClick={() => onReply(reply)}>
                {reply}
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
