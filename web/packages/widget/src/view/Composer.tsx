/** Owns writing: the text and its draft, files that wait, emoji, and sending. */
import { useEffect, useRef, useState } from "preact/hooks";
import { fill } from "../languages";
import type { Actions, WidgetState } from "../state";
import { DRAFT, keep, kept } from "../storage";
import type { Files } from "./files";
import { Clip, Send, Smile } from "./icons";
import { loadAttachments, loadEmoji, useLazily } from "./lazy";
import { useObservable } from "./observe";

interface Props {
  now: WidgetState;
  actions: Actions;
  files: Files;
  onFailure: (text: string | null) => void;
}

const MOST_CHARACTERS = 10_000;

export function Composer({ now, actions, files, onFailure }: Props) {
  const { conversation, language } = now;
  const { texts } = language;
  const [text, setText] = useState(() => kept("sessionStorage", DRAFT) ?? "");
  /** What was written last, for those who waited since. */
  const written = useRef(text);
  /** On its way to where unsent messages are kept. Until it is there, a reload brings it back as a draft. */
  const leaving = useRef("");
  const [isBusy, setBusy] = useState(false);
  const [isChoosing, setChoosing] = useState(false);
  const EmojiPicker = useLazily(isChoosing, loadEmoji);
  const parts = useLazily(files.waiting.length > 0, loadAttachments);
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const emojiButton = useRef<HTMLButtonElement>(null);
  const ticket = useObservable(conversation?.ticket, null);
  const excess = [...text.trim()].length - MOST_CHARACTERS;
  const canSend = !isBusy && excess <= 0 && (text.trim() !== "" || files.waiting.length > 0);

  useEffect(() => grow(field.current), [text, now.isOpen]);

  // A quick reply is on its way without having been here.
  const unsent = () => [leaving.current || now.firstMessage, written.current].filter(Boolean).join("\n");
  useEffect(() => keep("sessionStorage", DRAFT, unsent() || null), [now.firstMessage]);
  const write = (next: string) => {
    written.current = next;
    setText(next);
    keep("sessionStorage", DRAFT, unsent() || null);
    conversation?.setTyping(next.trim() !== "");
  };

  const send = async () => {
    if (!canSend) return;
    const sent = files.waiting;
    const fail = () => onFailure(texts.sendFailed);
    onFailure(null);
    setBusy(true);
    leaving.current = text.trim();
    write("");
    const attachments = await files.collect().catch(fail);
    if (attachments) {
      if (await actions.send(leaving.current, attachments)) {
        leaving.current = "";
        for (const { id } of sent) files.remove(id);
      } else fail();
    }
    // What could not leave is back, before what was written meanwhile.
    const rest = unsent();
    leaving.current = "";
    write(rest);
    setBusy(false);
    field.current?.focus();
  };

  const insert = (emoji: string) => {
    const { selectionStart = text.length, selectionEnd = text.length } = field.current ?? {};
    write(text.slice(0, selectionStart) + emoji + text.slice(selectionEnd));
    const end = selectionStart + emoji.length;
    queueMicrotask(() => field.current?.setSelectionRange(end, end));
  };

  const closeEmoji = () => {
    setChoosing(false);
    emojiButton.current?.focus();
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {isChoosing && EmojiPicker && <EmojiPicker label={texts.emoji} onPick={insert} onClose={closeEmoji} />}
      <div class="box">
        {parts && <parts.Tray files={files} language={language} />}
        <textarea
          ref={field}
          rows={1}
          // Without a text its direction would be guessed wrong.
          {...(text && { dir: "auto" as const })}
          value={text}
          aria-label={texts.placeholder}
          placeholder={ticket?.status === "closed" ? texts.placeholderClosed : texts.placeholder}
          onInput={(event) => write(event.currentTarget.value)}
          onKeyDown={(event) => {
            // Enter also ends the choice of a character in Chinese, Japanese and Korean.
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            void send();
          }}
          onPaste={(event) => {
            const pasted = [...(event.clipboardData?.files ?? [])];
            if (!pasted.length) return;
            event.preventDefault();
            files.add(pasted);
          }}
          onFocus={() => setChoosing(false)}
          onBlur={() => conversation?.setTyping(false)}
        />
        <div class="tools">
          <button type="button" aria-label={texts.attach} onClick={() => picker.current?.click()}>
            <Clip />
          </button>
          <button
            ref={emojiButton}
            type="button"
            aria-label={texts.emoji}
            aria-expanded={isChoosing}
            onClick={() => (isChoosing ? closeEmoji() : setChoosing(true))}
          >
            <Smile />
          </button>
          {excess > 0 && (
            <span class="excess" role="status">
              {fill(texts.tooLong, { count: excess })}
            </span>
          )}
          <button type="submit" class="send" aria-label={texts.send} disabled={!canSend}>
            {isBusy && files.waiting.length ? <i class="spinner" /> : <Send />}
          </button>
        </div>
      </div>
      <input
        ref={picker}
        class="hidden"
        type="file"
        multiple
        tabIndex={-1}
        aria-label={texts.attach}
        onChange={(event) => {
          files.add([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
    </form>
  );
}

/** As high as its text, within the limits that the style sheet sets. */
function grow(field: HTMLTextAreaElement | null): void {
  if (!field) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}
