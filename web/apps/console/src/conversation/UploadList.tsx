import { ActionIcon, Progress } from "@mantine/core";
import { sizeOf } from "@smilechat/readable/sizes";
import { IconFile, IconX } from "@tabler/icons-react";
import styles from "./UploadList.module.css";
import type { Uploads } from "./use-uploads";

export function UploadList({ uploads }: { uploads: Uploads }) {
  if (uploads.items.length === 0) return null;
  return (
    <ul className={styles.list} aria-label="Attachments">
      {uploads.items.map((item) => (
        <li key={item.key} data-failed={item.error !== null}>
          <IconFile size={16} stroke={1.5} aria-hidden="true" />
          <span className={styles.name}>{item.name}</span>
          <small>{item.error ?? sizeOf(item.size, "en")}</small>
          {!item.attachment && !item.error && (
            <Progress
              className={styles.progress ?? ""}
              size={3}
              value={item.progress * 100}
              aria-label={`Uploading ${item.name}`}
            />
          )}
          <ActionIcon
            size="xs"
            variant="subtle"
            color="gray"
            aria-label={`Remove ${item.name}`}
            onClick={() => uploads.remove(item.key)}
          >
            <IconX size={12} />
          </ActionIcon>
        </li>
      ))}
    </ul>
  );
}
