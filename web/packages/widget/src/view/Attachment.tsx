/**
 * Owns how an attachment is shown: a picture as a drawing on a canvas, which no page's policy on images forbids,
 * anything else as a file to download. Invariant: bytes are fetched with the session's token, never by an address.
 */
import type { Attachment } from "@smilechat/client";
import { sizeOf } from "@smilechat/readable/sizes";
import { useState } from "preact/hooks";
import { fill } from "../languages";
import type { WidgetState } from "../state";
import styles from "../styles/attachments.css?inline";
import { fetchBlob, save } from "./bytes";
import { Fetch, Sheet } from "./icons";
import { Picture } from "./Picture";

export { Tray } from "./Tray";
export { styles };

interface Props {
  attachment: Attachment;
  now: WidgetState;
}

export function AttachmentView({ attachment, now }: Props) {
  const { texts } = now.language;
  const [isLarge, setLarge] = useState(false);
  const [isBroken, setBroken] = useState(false);
  const [hasFailed, setFailed] = useState(false);
  const download = async () => {
    setFailed(false);
    await save(now.client, attachment).catch(() => {
      setBroken(true);
      setFailed(true);
    });
  };

  if (attachment.is_image && !isBroken)
    return (
      <>
        <button
          type="button"
          class="picture"
          aria-label={fill(texts.show, { name: attachment.name })}
          onClick={() => setLarge(true)}
        >
          <Picture
            load={() => fetchBlob(now.client, attachment, "thumb")}
            label={attachment.name}
            size={shrunk(attachment.width, attachment.height)}
            onBroken={() => setBroken(true)}
          />
        </button>
        {isLarge && (
          <Large attachment={attachment} now={now} onClose={() => setLarge(false)} onDownload={() => void download()} />
        )}
      </>
    );
  const size = sizeOf(attachment.size, now.language.code);
  // All that is to be seen on the button is in its name: who speaks to the browser says what they see.
  const label = fill(texts.download, { name: `${attachment.name} ${size}` });
  return (
    <button type="button" class="file" aria-label={label} onClick={() => void download()}>
      <Sheet />
      <span>
        <b dir="auto">{attachment.name}</b>{" "}
        {hasFailed ? (
          <small class="failed" role="alert">
            {texts.sendFailed}
          </small>
        ) : (
          <small>{size}</small>
        )}
      </span>
      <Fetch />
    </button>
  );
}

function Large({ attachment, now, onClose, onDownload }: Props & { onClose: () => void; onDownload: () => void }) {
  const { texts } = now.language;
  return (
    <div
      class="large-picture"
      role="dialog"
      aria-label={attachment.name}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        onClose();
      }}
    >
      <p>
        <button type="button" class="button small" ref={(button) => button?.focus()} onClick={onClose}>
          {texts.back}
        </button>
        <button
          type="button"
          class="button small"
          aria-label={fill(texts.download, { name: attachment.name })}
          onClick={onDownload}
        >
          <Fetch />
        </button>
      </p>
      <Picture load={() => fetchBlob(now.client, attachment)} label={attachment.name} onBroken={onClose} />
    </div>
  );
}

const MOST = { width: 232, height: 220 };

/** The size it will have, so that nothing moves when it is there. */
function shrunk(width: number | null, height: number | null): { width: number; height: number } {
  if (!width || !height) return { width: MOST.width, height: 150 };
  const scale = Math.min(1, MOST.width / width, MOST.height / height);
  return { width: Math.max(48, Math.round(width * scale)), height: Math.max(48, Math.round(height * scale)) };
}
