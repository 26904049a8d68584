/**
 * Owns the files that wait to be sent: their checks, their upload and its progress. Used by the panel and the composer.
 * Invariant: a file is uploaded at once if the conversation has a ticket, otherwise when the message is sent, so that
 * looking for a file opens no ticket.
 */
import type { Attachment, Conversation } from "@smilechat/client";
import { useRef, useState } from "preact/hooks";
import { fill } from "../languages";
import type { Actions, WidgetState } from "../state";

export interface WaitingFile {
  id: number;
  file: File;
  /** From 0 to 1. */
  progress: number;
  uploaded: Promise<Attachment | null> | null;
  cancel: AbortController;
}

export interface Files {
  waiting: readonly WaitingFile[];
  add(files: File[]): void;
  remove(id: number): void;
  /** All that wait, uploaded; null if one could not be. They stay in the tray until their message is kept. */
  collect(): Promise<Attachment[] | null>;
}

const MOST_FILES = 10;
const MOST_BYTES = 25 * 1024 * 1024;
let lastId = 0;

export function useFiles(now: WidgetState, actions: Actions, onFailure: (text: string | null) => void): Files {
  const { texts } = now.language;
  const list = useRef<WaitingFile[]>([]);
  const [, redraw] = useState({});
  const change = (next: WaitingFile[]) => {
    list.current = next;
    redraw({});
  };
  const remove = (id: number) => {
    list.current.find((waiting) => waiting.id === id)?.cancel.abort();
    change(list.current.filter((waiting) => waiting.id !== id));
  };

  const upload = (waiting: WaitingFile, conversation: Conversation) => {
    const onProgress = (progress: number) => {
      waiting.progress = progress;
      redraw({});
    };
    waiting.uploaded ??= conversation.upload([waiting.file], { onProgress, signal: waiting.cancel.signal }).then(
      ([attachment]) => attachment ?? null,
      () => {
        if (!waiting.cancel.signal.aborted) {
          onFailure(fill(texts.uploadFailed, { name: waiting.file.name }));
          remove(waiting.id);
        }
        return null;
      },
    );
    return waiting.uploaded;
  };

  return {
    waiting: list.current,
    remove,
    add(files) {
      onFailure(null);
      for (const file of files) {
        if (list.current.length >= MOST_FILES) {
          onFailure(texts.tooManyFiles);
          break;
        }
        if (file.size > MOST_BYTES) {
          onFailure(fill(texts.fileTooLarge, { name: file.name }));
          continue;
        }
        lastId += 1;
        const waiting: WaitingFile = { id: lastId, file, progress: 0, uploaded: null, cancel: new AbortController() };
        change([...list.current, waiting]);
        if (now.conversation?.ticketId.get()) void upload(waiting, now.conversation);
      }
    },
    async collect() {
      const all = list.current;
      if (!all.length) return [];
      const conversation = await actions.begin();
      const attachments = await Promise.all(all.map((waiting) => upload(waiting, conversation)));
      const complete = attachments.filter((attachment) => attachment !== null);
      return complete.length < all.length ? null : complete;
    },
  };
}
