// Two have written at once: says so, shows how the two differ, and lets one of them count.
import { Button, Group } from "@mantine/core";
import type { Article } from "../backend/types";
import { sinceWhen } from "../parts/time";
import type { ArticleDraft } from "./article-draft";
import styles from "./Conflict.module.css";
import { DiffView } from "./DiffView";

interface Props {
  /** As it is saved now. */
  saved: Article;
  draft: ArticleDraft;
  onMine: () => void;
  onTheirs: () => void;
}

export function Conflict({ saved, draft, onMine, onTheirs }: Props) {
  return (
    <section className={styles.conflict} role="alert">
      <h2>Somebody else saved this article {sinceWhen(saved.updated_at)}, after you began to write</h2>
      <p>Nothing of yours is lost. This is what saving yours would change of theirs:</p>
      <DiffView before={`${saved.title}\n\n${saved.body}`} after={`${draft.title}\n\n${draft.body}`} />
      <Group mt="sm">
        <Button variant="default" onClick={onMine}>
          Go on with mine
        </Button>
        <Button variant="default" onClick={onTheirs}>
          Drop mine, take theirs
        </Button>
      </Group>
    </section>
  );
}
