// Each text that an article had: to look at, to hold against the present one, and to take up again.
import { ActionIcon, Alert, Button, SegmentedControl, Skeleton, Tooltip, UnstyledButton } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { modals } from "@mantine/modals";
import { IconArrowLeft } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { client } from "../backend/client";
import { inWords } from "../backend/errors";
import { isAdmin, useMe } from "../backend/session";
import type { Article, ArticleVersion } from "../backend/types";
import { fullTime, sinceWhen } from "../parts/time";
import { useSaving } from "../parts/use-saving";
import { usePerson } from "../tickets/people";
import { Preview } from "./ArticleForm";
import { DiffView } from "./DiffView";
import shared from "./Knowledge.module.css";
import { writeKept } from "./kept-draft";
import { refreshKnowledge, useArticle, useVersions } from "./queries";
import styles from "./Versions.module.css";

export function Versions({ id }: { id: string }) {
  useDocumentTitle("Versions · SmileChat");
  const article = useArticle(id);
  const versions = useVersions(id);
  const [chosen, setChosen] = useState<number | null>(null);
  const error = article.error ?? versions.error;
  const current = versions.data?.find(({ version }) => version === chosen) ?? versions.data?.[0];
  return (
    <main className={shared.page}>
      <header className={shared.editorTop}>
        <Tooltip label="The article">
          <ActionIcon
            component={Link}
            to={`/knowledge/articles/${id}`}
            variant="subtle"
            color="gray"
            size="lg"
            aria-label="Back to the article"
          >
            <IconArrowLeft size={20} />
          </ActionIcon>
        </Tooltip>
        <h1>{article.data ? `Versions of “${article.data.title}”` : "Versions"}</h1>
      </header>
      {error && <Alert color="red" variant="light" role="alert" title={inWords(error)} />}
      {!error && (!article.data || !versions.data) && (
        <div role="status" aria-label="Loading versions">
          <Skeleton height={320} radius="lg" />
        </div>
      )}
      {article.data && versions.data && current && (
        <div className={shared.columns}>
          <nav className={styles.versions} aria-label="Versions">
            <ol>
              {versions.data.map((version) => (
                <li key={version.version}>
                  <VersionRow
                    version={version}
                    isCurrent={version === current}
                    isPresent={version.version === article.data.version}
                    onChoose={() => setChosen(version.version)}
                  />
                </li>
              ))}
            </ol>
            {versions.hasNextPage && (
              <Button
                variant="subtle"
                color="gray"
                loading={versions.isFetchingNextPage}
                onClick={() => void versions.fetchNextPage()}
              >
                Older ones
              </Button>
            )}
          </nav>
          <Shown key={current.version} article={article.data} version={current} />
        </div>
      )}
    </main>
  );
}

interface RowProps {
  version: ArticleVersion;
  isCurrent: boolean;
  isPresent: boolean;
  onChoose: () => void;
}

function VersionRow({ version, isCurrent, isPresent, onChoose }: RowProps) {
  const author = usePerson(version.author_id);
  const by = version.author_id ? (author?.name ?? "A colleague") : "From a file";
  return (
    <UnstyledButton className={styles.version} aria-current={isCurrent ? "true" : undefined} onClick={onChoose}>
      <strong>
        Version {version.version}
        {isPresent && <span className={styles.present}>now</span>}
      </strong>
      <span title={fullTime(version.created_at)}>
        {by}, {sinceWhen(version.created_at)}
      </span>
    </UnstyledButton>
  );
}

const VIEWS = [
  { value: "look", label: "As readers see it" },
  { value: "text", label: "Text" },
  { value: "diff", label: "Against now" },
];

function Shown({ article, version }: { article: Article; version: ArticleVersion }) {
  const [, navigate] = useLocation();
  const me = useMe();
  const saving = useSaving();
  const isPresent = version.version === article.version;
  const [view, setView] = useState(isPresent ? "look" : "diff");
  const canEdit = isAdmin(me) || article.status === "draft";
  const restore = () =>
    saving.run(async () => {
      const path = { id: article.article_id, version: version.version };
      await client.request("POST /api/kb/articles/{id}/versions/{version}/restore", { path, body: {} });
      // What was not saved was about another text.
      writeKept(me.id, article.article_id, null);
      await refreshKnowledge();
      navigate(`/knowledge/articles/${article.article_id}`);
    }, `Version ${version.version} counts again, as a new one.`);
  const ask = () =>
    modals.openConfirmModal({
      title: `Take up version ${version.version} again?`,
      children:
        article.status === "published"
          ? "Its title, text and keywords become a new version, and readers see it at once."
          : "Its title, text and keywords become a new version.",
      labels: { confirm: "Take it up", cancel: "Cancel" },
      onConfirm: () => void restore(),
    });
  return (
    <section className={shared.panel} aria-label={`Version ${version.version}`}>
      <div className={shared.tools}>
        <SegmentedControl
          aria-label="How to show it"
          data={isPresent ? VIEWS.slice(0, 2) : VIEWS}
          value={view}
          onChange={setView}
        />
        {canEdit && !isPresent && (
          <Button loading={saving.isBusy} onClick={ask}>
            Take it up again
          </Button>
        )}
      </div>
      {saving.error && <Alert color="red" variant="light" role="alert" mb="sm" title={saving.error} />}
      {view === "diff" ? (
        <DiffView before={plain(version)} after={plain(article)} />
      ) : (
        <>
          <h2 className={styles.shown}>{version.title}</h2>
          {version.keywords.length > 0 && <p className={shared.quiet}>Keywords: {version.keywords.join(", ")}</p>}
          {view === "look" ? (
            <Preview text={version.body} empty="There is no text." />
          ) : (
            <pre className={styles.source} dir="auto">
              {version.body}
            </pre>
          )}
        </>
      )}
    </section>
  );
}

function plain({ title, keywords, body }: Pick<ArticleVersion, "title" | "keywords" | "body">): string {
  return [title, ...(keywords.length > 0 ? [`Keywords: ${keywords.join(", ")}`] : []), "", body].join("\n");
}
