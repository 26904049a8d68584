/** Owns the parts of the view that are fetched when they are first needed: not every visitor gets that far. */
import { useEffect, useState } from "preact/hooks";
import { addStyles } from "../stylesheet";

/** Null until it is wanted and there. */
export function useLazily<Part>(isWanted: boolean, load: () => Promise<Part>): Part | null {
  const [part, setPart] = useState<{ it: Part } | null>(null);
  useEffect(() => {
    // Without its file it is missing until the next try: everything else goes on.
    if (isWanted && !part)
      load().then(
        (it) => setPart({ it }),
        () => {},
      );
  }, [isWanted]);
  return part?.it ?? null;
}

export async function loadEmoji() {
  const { EmojiPicker, styles } = await import("./EmojiPicker");
  addStyles(styles);
  return EmojiPicker;
}

export async function loadAttachments() {
  const { AttachmentView, Tray, styles } = await import("./Attachment");
  addStyles(styles);
  return { AttachmentView, Tray };
}
