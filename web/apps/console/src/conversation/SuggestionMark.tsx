// Says of a draft that it was suggested, and from what.
import { ActionIcon, UnstyledButton } from "@mantine/core";
import { IconSparkles, IconX } from "@tabler/icons-react";
import { Link } from "wouter";
import styles from "./Assist.module.css";
import { type Suggestion, suggestionWords } from "./suggestion";

interface Props {
  suggestion: Suggestion;
  onUndo: () => void;
  /** It is one's own by now. */
  onDismiss: () => void;
}

export function SuggestionMark({ suggestion, onUndo, onDismiss }: Props) {
  const articles = new Map(suggestion.sources.map(({ slug, title }) => [slug, title]));
  return (
    <div className={styles.suggestion} role="status">
      <IconSparkles size={15} aria-hidden="true" />
      <span>
        {suggestionWords(suggestion)}
        {articles.size > 0 && " From: "}
        {[...articles].map(([slug, title], place) => (
          <span key={slug}>
            {place > 0 && ", "}
            <Link to={`/knowledge/articles/${encodeURIComponent(slug)}`}>{title}</Link>
          </span>
        ))}
      </span>
      <UnstyledButton onClick={onUndo}>Undo</UnstyledButton>
      <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Hide this mark" onClick={onDismiss}>
        <IconX size={14} />
      </ActionIcon>
    </div>
  );
}
