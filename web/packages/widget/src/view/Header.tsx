/** Owns the top of the panel: who is there to talk to, and the buttons for sound and closing. */
import type { Sender } from "@smilechat/client";
import type { Texts } from "../languages";
import type { Actions, WidgetState } from "../state";
import { Avatar } from "./Avatar";
import { Down, SoundOff, SoundOn } from "./icons";
import { useObservable } from "./observe";

interface Props {
  now: WidgetState;
  actions: Actions;
  /** Before the first message the team introduces itself; later it makes room. */
  isLarge: boolean;
}

const NOBODY: never[] = [];

export function Header({ now, actions, isLarge }: Props) {
  const { settings, language, isMuted } = now;
  const { texts } = language;
  const counterpart = useCounterpart(now);
  const faces = counterpart
    ? [{ name: counterpart.name, avatar_url: counterpart.avatarUrl }]
    : settings.staff.length
      ? settings.staff.slice(0, 3)
      : [{ name: "", avatar_url: null }];
  const opening = now.guide?.opening(now);
  const presence = counterpart?.presence ?? opening?.words ?? teamPresence(settings.isStaffed, texts);
  const isThere = counterpart?.isOnline ?? opening?.isOpen ?? settings.isStaffed === true;
  return (
    <header class={`head ${isLarge ? "large" : ""}`}>
      <div class="head-row">
        <span class="faces">
          {faces.map((face) => (
            <Avatar key={face.name} name={face.name} url={face.avatar_url} />
          ))}
        </span>
        <h2 class="head-name">
          <bdi>{counterpart?.name || settings.name || texts.chat}</bdi>
        </h2>
        {settings.sound && (
          <button
            type="button"
            class="head-button"
            aria-label={isMuted ? texts.unmute : texts.mute}
            onClick={() => actions.setMuted(!isMuted)}
          >
            {isMuted ? <SoundOff /> : <SoundOn />}
          </button>
        )}
        <button type="button" class="head-button" aria-label={texts.closeChat} onClick={actions.close}>
          <Down />
        </button>
        {isLarge && <p class="head-welcome">{texts.welcome}</p>}
        {presence && (
          <p class="head-presence">
            {isThere && <i class="dot" />}
            {presence}
          </p>
        )}
      </div>
    </header>
  );
}

function teamPresence(isStaffed: boolean | null, texts: Texts): string {
  return isStaffed === null ? "" : isStaffed ? texts.staffed : texts.unstaffed;
}

/** The person who answers: whoever has the ticket, else whoever wrote last. */
function useCounterpart({ conversation, language, settings }: WidgetState) {
  const { texts } = language;
  const messages = useObservable(conversation?.messages, NOBODY);
  const ticket = useObservable(conversation?.ticket, null);
  const online = useObservable(conversation?.online, NOBODY);
  const written = messages.filter((message) => !message.own && message.kind === "text");
  const assigned = ticket?.support_id ?? null;
  const lastSender: Sender | undefined = (
    written.findLast((message) => message.sender.id === assigned) ?? written.at(-1)
  )?.sender;
  const id = assigned ?? lastSender?.id;
  const present = online.find((person) => person.user_id === id);
  const name = present?.name ?? lastSender?.name;
  if (!name) return null;
  const avatarUrl =
    (lastSender?.id === id ? lastSender?.avatar_url : null) ??
    settings.staff.find((one) => one.name === name)?.avatar_url;
  const isOnline = present?.status === "online";
  return {
    name,
    avatarUrl: avatarUrl ?? null,
    isOnline,
    // Of whose conversation is closed a visitor is not told who is there.
    presence: ticket?.status === "closed" ? "" : isOnline ? texts.online : present ? texts.away : texts.offline,
  };
}
