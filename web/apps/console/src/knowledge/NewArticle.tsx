// A new article: empty, or begun from a question that nobody had an answer to, or from a ticket.
import { Button } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconSparkles } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { useHistoryState } from "wouter/use-browser-location";
import { client } from "../backend/client";
import { isAdmin, useMe } from "../backend/session";
import type { ArticleStatus } from "../backend/types";
import type { ArticleSeed } from "../parts/article-seed";
import { useSaving } from "../parts/use-saving";
import { ArticleForm } from "./ArticleForm";
import { type ArticleDraft, EMPTY, isBlank, isComplete, newArticleOf } from "./article-draft";
import { EditorFrame } from "./EditorFrame";
import styles from "./Knowledge.module.css";
import { readKept, writeKept } from "./kept-draft";
import { refreshKnowledge } from "./queries";

export function NewArticle() {
  const seed = useHistoryState<ArticleSeed | null>();
  // Another beginning is another article.
  return <Fresh key={seed?.title ?? ""} seed={seed ?? {}} />;
}

function Fresh({ seed }: { seed: ArticleSeed }) {
  useDocumentTitle("New article · SmileChat");
  const me = useMe();
  const [, navigate] = useLocation();
  const name = seed.title ? `new:${seed.title}` : "new";
  const [begun] = useState(() => readKept(me.id, name));
  const fresh = { ...EMPTY, ...seedOf(seed) };
  const [draft, setDraft] = useState(begun?.draft ?? fresh);
  const saving = useSaving();
  const isKept = !isBlank(draft);
  useEffect(() => writeKept(me.id, name, isKept ? { draft, seen: null } : null), [me.id, name, isKept, draft]);

  const create = (status: ArticleStatus) =>
    saving.run(
      async () => {
        const body = { ...newArticleOf(draft), status };
        const article = await client.request("POST /api/kb/articles", { body });
        writeKept(me.id, name, null);
        void refreshKnowledge();
        navigate(`/knowledge/articles/${article.article_id}`, { replace: true });
      },
      status === "published" ? "It is published." : "The draft is saved.",
    );
  const canSave = isComplete(draft);
  return (
    <EditorFrame
      title="New article"
      status="draft"
      isChanged={isKept}
      saving={saving}
      onSave={() => canSave && void create("draft")}
      actions={
        <>
          {isKept && (
            <Button variant="subtle" color="gray" onClick={() => setDraft(EMPTY)}>
              Discard
            </Button>
          )}
          <Button
            variant={isAdmin(me) ? "default" : "filled"}
            disabled={!canSave || saving.isBusy}
            onClick={() => void create("draft")}
          >
            Save draft
          </Button>
          {isAdmin(me) && (
            <Button disabled={!canSave} loading={saving.isBusy} onClick={() => void create("published")}>
              Publish
            </Button>
          )}
        </>
      }
    >
      {seed.from && !begun && (
        <p className={styles.hint}>
          <IconSparkles size={16} aria-hidden="true" />
          {seed.from}
        </p>
      )}
      <ArticleForm draft={draft} onChange={setDraft} errors={saving.fields} code={saving.code} isNew />
    </EditorFrame>
  );
}

function seedOf({ title, body, collection_id }: ArticleSeed): Partial<ArticleDraft> {
  return {
    // A question may be longer than a title can be.
    ...(title ? { title: [...title.replace(/\s+/gu, " ").trim()].slice(0, 200).join("") } : {}),
    ...(body ? { body } : {}),
    ...(collection_id ? { collection_id } : {}),
  };
}
