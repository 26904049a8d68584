// Files on their way up, each with its progress; what has arrived goes with the next message.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { inWords } from "../backend/errors";
import type { Attachment, Conversation } from "../backend/types";

export interface UploadItem {
  key: number;
  name: string;
  size: number;
  /** From 0 to 1. */
  progress: number;
  attachment: Attachment | null;
  error: string | null;
}

export interface Uploads {
  items: UploadItem[];
  done: Attachment[];
  isBusy: boolean;
  add(files: File[]): void;
  remove(key: number): void;
  clear(): void;
}

const MOST_FILES = 10;
const MOST_BYTES = 25 * 1024 * 1024;

export function useUploads(conversation: Conversation): Uploads {
  const [items, setItems] = useState<UploadItem[]>([]);
  const nextKey = useRef(0);
  const aborters = useRef(new Map<number, AbortController>());

  const change = useCallback((key: number, patch: Partial<UploadItem>) => {
    setItems((before) => before.map((item) => (item.key === key ? { ...item, ...patch } : item)));
  }, []);

  const start = useCallback(
    (key: number, file: File) => {
      const aborter = new AbortController();
      aborters.current.set(key, aborter);
      const onProgress = (progress: number) => change(key, { progress });
      conversation
        .upload([file], { onProgress, signal: aborter.signal })
        .then(([attachment]) => change(key, { progress: 1, attachment: attachment ?? null }))
        .catch((error) => change(key, { error: inWords(error) }))
        .finally(() => aborters.current.delete(key));
    },
    [conversation, change],
  );

  const add = useCallback(
    (files: File[]) => {
      const room = MOST_FILES - items.length;
      for (const file of files.slice(0, Math.max(0, room))) {
        const key = nextKey.current++;
        const error = file.size > MOST_BYTES ? "Larger than 25 MB" : null;
        setItems((before) => [
          ...before,
          { key, name: file.name, size: file.size, progress: 0, attachment: null, error },
        ]);
        if (!error) start(key, file);
      }
    },
    [items.length, start],
  );

  const remove = useCallback((key: number) => {
    aborters.current.get(key)?.abort();
    setItems((before) => before.filter((item) => item.key !== key));
  }, []);

  useEffect(() => {
    const running = aborters.current;
    return () => {
      for (const aborter of running.values()) aborter.abort();
    };
  }, []);

  return useMemo(() => {
    const done = items.flatMap((item) => item.attachment ?? []);
    const isBusy = items.some((item) => !item.attachment && !item.error);
    return { items, done, isBusy, add, remove, clear: () => setItems([]) };
  }, [items, add, remove]);
}
