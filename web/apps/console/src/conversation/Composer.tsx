// Where one writes: a reply to the customer, or a note for colleagues. What is written is kept until it is sent.
import { ActionIcon, Button, Menu, Textarea, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconChevronDown, IconLock, IconPaperclip, IconSend } from "@tabler/icons-react";
import { type ClipboardEvent, type KeyboardEvent, type Ref, useImperativeHandle, useRef, useState } from "react";
import type { Assistance } from "../backend/bot";
import { client } from "../backend/client";
import { inWords } from "../backend/errors";
import { queryClient } from "../backend/query-client";
import type { Conversation, Note, Ticket } from "../backend/types";
import type { DraftKind } from "../tickets/drafts";
import { useDraft } from "../tickets/use-draft";
import { useSaveTicket } from "../tickets/use-save";
import { AssistMenu } from "./AssistMenu";
import styles from "./Composer.module.css";
import { SuggestionMark } from "./SuggestionMark";
import { inserted } from "./suggestion";
import { UploadList } from "./UploadList";
import { untilStored } from "./until-stored";
import { useSuggestion } from "./use-suggestion";
import type { Uploads } from "./use-uploads";

export interface ComposerHandle {
  focus(): void;
}

interface Props {
  ref: Ref<ComposerHandle>;
  kind: DraftKind;
  onKind: (kind: DraftKind) => void;
  ticket: Ticket;
  conversation: Conversation;
  /** Of the reply: they go on while somebody writes a note. */
  uploads: Uploads;
}

const MOST_LETTERS = 10_000;

export function Composer({ ref, kind, onKind, ticket, conversation, uploads }: Props) {
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [text, setText] = useDraft(ticket.ticket_id, kind);
  const [isBusy, setIsBusy] = useState(false);
  const [isClosing, setIsClosing] = useState(false);
  const save = useSaveTicket();
  const isNote = kind === "note";
  const isClosed = ticket.status === "closed";
  const hasFiles = !isNote && uploads.done.length > 0;
  const isUploading = !isNote && uploads.isBusy;
  const canSend = !isBusy && !isUploading && (text.trim() !== "" || hasFiles) && text.length <= MOST_LETTERS;
  useImperativeHandle(ref, () => ({ focus: () => field.current?.focus() }), []);

  const { suggestion, mark, take } = useSuggestion(ticket.ticket_id, isNote);

  const change = (next: string) => {
    setText(next);
    if (next.trim() === "") mark(null);
    if (!isNote) conversation.setTyping(next !== "");
  };
  /** Into the draft, never to the customer. */
  const takeHelp = (help: Assistance) =>
    take(help, () => {
      const draft = field.current?.value ?? "";
      change(inserted(draft, help));
      requestAnimationFrame(() => field.current?.focus());
      return draft;
    });
  const sendReply = (): Promise<string> => {
    const sent = conversation.send(text.trim() === "" ? "" : text, uploads.done);
    setText("");
    mark(null);
    uploads.clear();
    return sent;
  };
  const send = () => {
    if (canSend) void (isNote ? sendNote() : sendReply());
  };
  const sendNote = async () => {
    setIsBusy(true);
    try {
      const path = { id: ticket.ticket_id };
      const note = await client.request("POST /api/tickets/{id}/notes", { path, body: { body: text } });
      setText("");
      addNote(note);
    } catch (error) {
      notifications.show({ title: "The note was not saved", message: inWords(error), color: "red", withBorder: true });
    } finally {
      setIsBusy(false);
      requestAnimationFrame(() => field.current?.focus());
    }
  };
  const sendAndClose = async () => {
    setIsClosing(true);
    const isStored = await untilStored(conversation, await sendReply());
    setIsClosing(false);
    if (isStored) await save(ticket, { status: "closed" });
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Escape") event.currentTarget.blur();
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  const onPaste = (event: ClipboardEvent) => {
    const files = [...event.clipboardData.files];
    if (files.length === 0 || isNote) return;
    event.preventDefault();
    uploads.add(files);
  };

  return (
    <section className={styles.composer} data-kind={kind} aria-label={isNote ? "Private note" : "Reply"}>
      <fieldset className={styles.kinds} aria-label="What to write">
        <button type="button" aria-pressed={!isNote} onClick={() => onKind("reply")}>
          Reply
        </button>
        <button type="button" aria-pressed={isNote} onClick={() => onKind("note")}>
          <IconLock size={13} aria-hidden="true" />
          Private note
        </button>
        {isClosed && !isNote && <span className={styles.hint}>This ticket is closed. A reply does not reopen it.</span>}
      </fieldset>
      {suggestion && (
        <SuggestionMark
          suggestion={suggestion}
          onUndo={() => {
            setText(suggestion.before);
            mark(null);
            field.current?.focus();
          }}
          onDismiss={() => mark(null)}
        />
      )}
      <Textarea
        ref={field}
        className={styles.field ?? ""}
        classNames={{ input: styles.input ?? "" }}
        variant="unstyled"
        autosize
        minRows={2}
        maxRows={10}
        value={text}
        onChange={(event) => change(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
        onBlur={() => !isNote && conversation.setTyping(false)}
        disabled={isBusy}
        aria-label={isNote ? "Private note" : "Your reply"}
        placeholder={isNote ? "Only colleagues see this…" : placeholderFor(ticket)}
      />
      {!isNote && <UploadList uploads={uploads} />}
      <div className={styles.foot}>
        {!isNote && (
          <Tooltip label="Attach files">
            <ActionIcon variant="subtle" color="gray" aria-label="Attach files" onClick={() => picker.current?.click()}>
              <IconPaperclip size={18} />
            </ActionIcon>
          </Tooltip>
        )}
        {!isNote && <AssistMenu ticket={ticket} draft={text} onHelp={takeHelp} />}
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            uploads.add([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = "";
          }}
        />
        <span className={styles.keys}>
          {isClosing
            ? "The ticket closes once your answer is sent"
            : text.length > MOST_LETTERS - 500
              ? `${MOST_LETTERS - text.length} letters left`
              : "Enter sends, Shift + Enter breaks the line"}
        </span>
        <Button.Group>
          <Button
            className={styles.send}
            size="compact-md"
            loading={isBusy}
            disabled={!canSend}
            leftSection={<IconSend size={15} />}
            onClick={send}
          >
            {isNote ? "Add note" : "Send"}
          </Button>
          {!isNote && !isClosed && (
            <Menu position="top-end">
              <Menu.Target>
                <Button className={styles.more} size="compact-md" disabled={!canSend} aria-label="More ways to send">
                  <IconChevronDown size={14} />
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={() => void sendAndClose()}>Send and close the ticket</Menu.Item>
              </Menu.Dropdown>
            </Menu>
          )}
        </Button.Group>
      </div>
    </section>
  );
}

/** The event of the socket may have brought it already. */
function placeholderFor({ bot_state }: Ticket): string {
  return bot_state === "bot" ? "Write to the customer, and the bot is silent from then on…" : "Write to the customer…";
}

function addNote(note: Note): void {
  queryClient.setQueryData<Note[]>(["notes", note.ticket_id], (notes = []) =>
    notes.some((other) => other.note_id === note.note_id) ? notes : [...notes, note],
  );
}
