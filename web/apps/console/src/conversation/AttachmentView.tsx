// An attachment. Its bytes need the token, so that pictures are fetched and shown by a blob: address.
import { Button, Loader, Modal, UnstyledButton } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { sizeOf } from "@smilechat/readable/sizes";
import { IconDownload, IconFile, IconPhotoOff } from "@tabler/icons-react";
import { useState } from "react";
import { client } from "../backend/client";
import { inWords } from "../backend/errors";
import type { Attachment } from "../backend/types";
import styles from "./AttachmentView.module.css";
import { useBlobUrl } from "./use-blob-url";

export function AttachmentView({ attachment }: { attachment: Attachment }) {
  return attachment.is_image ? <Picture attachment={attachment} /> : <FileCard attachment={attachment} />;
}

function Picture({ attachment }: { attachment: Attachment }) {
  const [isOpen, setIsOpen] = useState(false);
  const thumb = useBlobUrl(attachment, "thumb");
  const { name } = attachment;
  return (
    <>
      {thumb.hasFailed ? (
        <Failed name={name} onRetry={thumb.retry} />
      ) : (
        <UnstyledButton className={styles.picture} onClick={() => setIsOpen(true)} aria-label={`Enlarge ${name}`}>
          {thumb.url ? (
            <img src={thumb.url} alt={name} style={thumbSize(attachment)} />
          ) : (
            <span className={styles.pending} style={thumbSize(attachment)}>
              <Loader size="sm" />
            </span>
          )}
        </UnstyledButton>
      )}
      <Modal opened={isOpen} onClose={() => setIsOpen(false)} title={name} size="auto">
        {isOpen && <FullPicture attachment={attachment} />}
      </Modal>
    </>
  );
}

function Failed({ name, onRetry }: { name: string; onRetry: () => void }) {
  return (
    <div className={styles.failed} role="alert">
      <IconPhotoOff size={20} stroke={1.5} aria-hidden="true" />
      <span>
        <strong>{name}</strong> could not be loaded
      </span>
      <Button size="compact-sm" variant="default" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}

const MOST_WIDTH = 320;
const MOST_HEIGHT = 256;

/** Known before the bytes are there, so that nothing jumps when they are. */
function thumbSize({ width, height }: Attachment) {
  if (!width || !height) return undefined;
  const shrink = Math.min(1, MOST_WIDTH / width, MOST_HEIGHT / height);
  return { width: Math.round(width * shrink), aspectRatio: `${width} / ${height}` };
}

function FullPicture({ attachment }: { attachment: Attachment }) {
  const full = useBlobUrl(attachment);
  return (
    <div className={styles.full}>
      {full.hasFailed ? (
        <Failed name={attachment.name} onRetry={full.retry} />
      ) : full.url ? (
        <img src={full.url} alt={attachment.name} />
      ) : (
        <Loader />
      )}
      <UnstyledButton className={styles.save} onClick={() => void saveFile(attachment)}>
        <IconDownload size={16} aria-hidden="true" />
        Save the file ({sizeOf(attachment.size, "en")})
      </UnstyledButton>
    </div>
  );
}

function FileCard({ attachment }: { attachment: Attachment }) {
  return (
    <UnstyledButton
      className={styles.file}
      onClick={() => void saveFile(attachment)}
      aria-label={`Save ${attachment.name} ${sizeOf(attachment.size, "en")}`}
    >
      <IconFile size={20} stroke={1.5} aria-hidden="true" />
      <span>
        <strong>{attachment.name}</strong> <small>{sizeOf(attachment.size, "en")}</small>
      </span>
      <IconDownload size={16} aria-hidden="true" />
    </UnstyledButton>
  );
}

async function saveFile(attachment: Attachment): Promise<void> {
  try {
    const url = URL.createObjectURL((await client.download(attachment)) as Blob);
    const link = document.createElement("a");
    link.href = url;
    link.download = attachment.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  } catch (error) {
    notifications.show({ title: "Not saved", message: inWords(error), color: "red", withBorder: true });
  }
}
