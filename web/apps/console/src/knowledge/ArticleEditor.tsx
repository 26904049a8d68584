// An article that is there: changed, published, taken back, deleted. Support writes drafts; what is published is an admin's.
import { Alert, Button, Menu, Skeleton } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { modals } from "@mantine/modals";
import { IconChevronDown, IconEyeOff, IconHistory, IconTrash } from "@tabler/icons-react";
import { useLocation } from "wouter";
import { client } from "../backend/client";
import { hasCode, inWords } from "../backend/errors";
import { queryClient } from "../backend/query-client";
import { isAdmin, useMe } from "../backend/session";
import type { Article, ArticleStatus } from "../backend/types";
import { NoPage } from "../parts/NoPage";
import { type Saving, useSaving } from "../parts/use-saving";
import { ArticleForm, Preview } from "./ArticleForm";
import { changes, isComplete } from "./article-draft";
import { Conflict } from "./Conflict";
import { EditorFrame } from "./EditorFrame";
import styles from "./Knowledge.module.css";
import { writeKept } from "./kept-draft";
import { refreshKnowledge, useArticle } from "./queries";
import { useArticleDraft } from "./use-article-draft";

export function ArticleEditor({ id }: { id: string }) {
  const { data, error, refetch } = useArticle(id);
  if (hasCode(error, "not_found")) {
    return <NoPage title="There is no such article" text="It may have been deleted, or its address has changed." />;
  }
  if (error && !data) {
    return (
      <main className={styles.page}>
        <Alert color="red" variant="light" role="alert" title={inWords(error)}>
          <Button variant="default" mt="xs" onClick={() => void refetch()}>
            Try again
          </Button>
        </Alert>
      </main>
    );
  }
  if (!data) {
    return (
      <main className={styles.page} aria-busy="true">
        <div role="status" aria-label="Loading the article">
          <Skeleton height={36} mb="md" />
          <Skeleton height={420} radius="lg" />
        </div>
      </main>
    );
  }
  return <Editor key={data.article_id} saved={data} refetch={refetch} />;
}

function Editor({ saved, refetch }: { saved: Article; refetch: () => Promise<unknown> }) {
  useDocumentTitle(`${saved.title} · SmileChat`);
  const me = useMe();
  const saving = useSaving();
  const { draft, change, isChanged, seen, isOvertaken, isRestored, rebase } = useArticleDraft(saved);
  const canPublish = isAdmin(me);
  const isDraft = saved.status === "draft";
  const canEdit = canPublish || isDraft;
  const canSave = isChanged && isComplete(draft) && !isOvertaken;

  const save = (status: ArticleStatus, done: string) =>
    saving.run(async () => {
      const patch = { ...changes(saved, draft), ...(status === saved.status ? {} : { status }), if_updated_at: seen };
      try {
        const path = { id: saved.article_id };
        const next = await client.request("PUT /api/kb/articles/{id}", { path, body: patch });
        writeKept(me.id, saved.article_id, null);
        queryClient.setQueriesData<Article>({ queryKey: ["kb", "article"] }, (known) =>
          known?.article_id === next.article_id ? next : known,
        );
        rebase(next);
        void refreshKnowledge();
      } catch (error) {
        // What it is now has to be there before one can decide.
        if (hasCode(error, "conflict")) await refetch();
        throw error;
      }
    }, done);
  const saveAsItIs = () => void save(saved.status, isDraft ? "The draft is saved." : "Saved: readers see it now.");

  return (
    <EditorFrame
      title={saved.title}
      status={saved.status}
      isChanged={isChanged}
      saving={saving}
      onSave={() => canEdit && canSave && saveAsItIs()}
      actions={
        <>
          {canEdit && isChanged && (
            <Button variant="subtle" color="gray" onClick={() => rebase(saved)}>
              Discard changes
            </Button>
          )}
          <More
            article={saved}
            saving={saving}
            canEdit={canEdit}
            onUnpublish={() => void save("draft", "It is a draft again: readers and the bot do not see it.")}
          />
          {canEdit && (
            <Button
              variant={isDraft && canPublish ? "default" : "filled"}
              disabled={!canSave}
              loading={saving.isBusy}
              onClick={saveAsItIs}
            >
              {isDraft ? "Save draft" : "Save"}
            </Button>
          )}
          {isDraft && canPublish && (
            <Button
              disabled={!isComplete(draft) || isOvertaken || saving.isBusy}
              onClick={() => void save("published", "It is published.")}
            >
              Publish
            </Button>
          )}
        </>
      }
    >
      {isOvertaken && (
        <Conflict saved={saved} draft={draft} onMine={() => rebase(saved, draft)} onTheirs={() => rebase(saved)} />
      )}
      {saved.source_url && (
        <p className={styles.quiet}>
          Imported from{" "}
          <a href={saved.source_url} target="_blank" rel="noopener noreferrer nofollow">
            {saved.source_url}
          </a>
        </p>
      )}
      {isRestored && !isOvertaken && <p className={styles.hint}>These are changes of yours that were not saved yet.</p>}
      {canEdit ? (
        <ArticleForm draft={draft} onChange={change} errors={saving.fields} code={saving.code} />
      ) : (
        <>
          <p className={styles.hint}>
            A published article is changed by admins. Ask one, or write a draft of your own.
          </p>
          <section className={styles.panel} aria-label="Article">
            <Preview text={saved.body} />
          </section>
        </>
      )}
    </EditorFrame>
  );
}

interface MoreProps {
  article: Article;
  saving: Saving;
  canEdit: boolean;
  onUnpublish: () => void;
}

function More({ article, saving, canEdit, onUnpublish }: MoreProps) {
  const [, navigate] = useLocation();
  const me = useMe();
  const remove = async () => {
    const path = { id: article.article_id };
    const isGone = await saving.run(() => client.request("DELETE /api/kb/articles/{id}", { path }), "It is deleted.");
    if (!isGone) return;
    writeKept(me.id, article.article_id, null);
    navigate("/knowledge");
    queryClient.removeQueries({ queryKey: ["kb", "article"] });
    void refreshKnowledge();
  };
  const askToRemove = () =>
    modals.openConfirmModal({
      title: `Delete “${article.title}”?`,
      children: "It is gone with all its versions, for readers and for the bot. This cannot be undone.",
      labels: { confirm: "Delete for good", cancel: "Keep it" },
      confirmProps: { color: "red" },
      onConfirm: () => void remove(),
    });
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <Button variant="default" rightSection={<IconChevronDown size={14} />}>
          Version {article.version}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<IconHistory size={16} />}
          onClick={() => navigate(`/knowledge/articles/${article.article_id}/versions`)}
        >
          All versions
        </Menu.Item>
        {canEdit && article.status === "published" && (
          <Menu.Item leftSection={<IconEyeOff size={16} />} onClick={onUnpublish}>
            Unpublish
          </Menu.Item>
        )}
        {canEdit && (
          <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={askToRemove}>
            Delete
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
