// The frame of the editor: the way back, how the article stands, what one does with it.
import { ActionIcon, Alert, Tooltip } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { type KeyboardEvent, type ReactNode, useEffect } from "react";
import { Link } from "wouter";
import type { ArticleStatus } from "../backend/types";
import { isOnlyInMemory } from "../browser/storage";
import type { Saving } from "../parts/use-saving";
import { StatusBadge } from "./ArticleTable";
import styles from "./EditorFrame.module.css";
import shared from "./Knowledge.module.css";

interface Props {
  title: string;
  status: ArticleStatus;
  isChanged: boolean;
  saving: Saving;
  /** By Ctrl or ⌘ and S. */
  onSave: () => void;
  actions: ReactNode;
  children: ReactNode;
}

export function EditorFrame({ title, status, isChanged, saving, onSave, actions, children }: Props) {
  useLeaveGuard(isChanged);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    onSave();
  };
  const isFieldToBlame = saving.code === "slug_taken";
  return (
    <main className={shared.page} onKeyDown={onKeyDown}>
      <header className={shared.editorTop}>
        <Tooltip label="All articles">
          <ActionIcon
            component={Link}
            to="/knowledge"
            variant="subtle"
            color="gray"
            size="lg"
            aria-label="Back to all articles"
          >
            <IconArrowLeft size={20} />
          </ActionIcon>
        </Tooltip>
        <h1>{title}</h1>
        <StatusBadge status={status} />
        <span className={styles.standing} role="status">
          {isChanged ? "Not saved; kept in this browser" : ""}
        </span>
        <div className={styles.actions}>{actions}</div>
      </header>
      {saving.error && !isFieldToBlame && saving.code !== "conflict" && (
        <Alert color="red" variant="light" role="alert" title={saving.error} />
      )}
      {children}
    </main>
  );
}

/** What was written is kept in the browser, and comes back. Where it cannot be kept, leaving is asked about. */
function useLeaveGuard(isChanged: boolean): void {
  useEffect(() => {
    if (!isChanged) return;
    const ask = (event: BeforeUnloadEvent) => {
      if (isOnlyInMemory()) event.preventDefault();
    };
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [isChanged]);
}
