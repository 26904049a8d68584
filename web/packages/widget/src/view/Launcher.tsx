/** Owns the round button, its count of unread messages, and the greeting or newest message beside it. */
import type { RefObject } from "preact";
import { fill } from "../languages";
import type { Actions, WidgetState } from "../state";
import { Avatar } from "./Avatar";
import { Close, Down, Mark } from "./icons";

interface Props {
  now: WidgetState;
  actions: Actions;
  button: RefObject<HTMLButtonElement | null>;
}

export function Launcher({ now, actions, button }: Props) {
  const { isOpen, unread, preview } = now;
  const { texts } = now.language;
  const label = isOpen ? texts.closeChat : texts.openChat;
  return (
    <>
      {preview && !isOpen && <PreviewCard now={now} actions={actions} />}
      <button
        ref={button}
        type="button"
        class={`launcher ${isOpen ? "is-open" : ""}`}
        aria-label={unread && !isOpen ? `${label}. ${fill(texts.unread, { count: unread })}` : label}
        aria-expanded={isOpen}
        aria-haspopup="dialog"
        onClick={actions.toggle}
      >
        <span class="face">
          <Mark />
        </span>
        <span class="face">
          <Down />
        </span>
        {unread > 0 && !isOpen && <span class="count">{unread > 99 ? "99+" : unread}</span>}
      </button>
    </>
  );
}

function PreviewCard({ now, actions }: { now: WidgetState; actions: Actions }) {
  const { settings, language, preview } = now;
  const staff = settings.staff[0];
  const name = preview?.sender?.name ?? staff?.name ?? settings.name;
  const picture = preview?.sender ? preview.sender.avatar_url : staff?.avatar_url;
  return (
    <div class="preview" role="status">
      <button type="button" class="preview-open" onClick={actions.open}>
        <Avatar name={name} url={picture} />
        <span>
          <b>
            <bdi>{name || language.texts.support}</bdi>
          </b>
          <span class="preview-text" dir="auto">
            {preview?.text}
          </span>
        </span>
      </button>
      <button
        type="button"
        class="preview-dismiss"
        aria-label={language.texts.dismiss}
        onClick={actions.dismissPreview}
      >
        <Close />
      </button>
    </div>
  );
}
