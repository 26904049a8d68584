// An attachment's bytes as an address that the page may show: they need the token, so that the browser cannot fetch them.
import { useCallback, useEffect, useState } from "react";
import { client } from "../backend/client";
import type { Attachment } from "../backend/types";

interface Loaded {
  url: string | null;
  hasFailed: boolean;
}

const LOADING: Loaded = { url: null, hasFailed: false };

export function useBlobUrl(attachment: Attachment, size?: "thumb"): Loaded & { retry: () => void } {
  const [state, setState] = useState(LOADING);
  const [tries, setTries] = useState(0);
  const retry = useCallback(() => setTries((before) => before + 1), []);
  const { attachment_id: id, url: address } = attachment;

  // biome-ignore lint/correctness/useExhaustiveDependencies: an attachment never changes under its id
  useEffect(() => {
    setState(LOADING);
    const aborter = new AbortController();
    let url: string | null = null;
    client
      .download(attachment, { signal: aborter.signal, ...(size ? { size } : {}) })
      .then((blob) => {
        if (aborter.signal.aborted) return;
        url = URL.createObjectURL(blob as Blob);
        setState({ url, hasFailed: false });
      })
      .catch(() => aborter.signal.aborted || setState({ url: null, hasFailed: true }));
    return () => {
      aborter.abort();
      if (url) URL.revokeObjectURL(url);
    };
  }, [id, address, size, tries]);
  return { ...state, retry };
}
