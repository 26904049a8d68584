// Articles in a list: what each is called, how it stands, and what readers say of it.
import { IconPencil, IconThumbDown, IconThumbUp } from "@tabler/icons-react";
import { Link } from "wouter";
import { useMe } from "../backend/session";
import type { ArticleSummary } from "../backend/types";
import { Badge } from "../parts/Badge";
import { fullTime, shortTime } from "../parts/time";
import { useMinute } from "../parts/use-minute";
import styles from "./ArticleTable.module.css";
import { hasUnsaved } from "./kept-draft";

export function ArticleTable({ articles }: { articles: ArticleSummary[] }) {
  const me = useMe();
  useMinute();
  return (
    <ul className={styles.articles}>
      {articles.map((article) => (
        <li key={article.article_id}>
          <Link to={`/knowledge/articles/${article.article_id}`} className={styles.article ?? ""}>
            <span className={styles.title}>
              <strong>{article.title}</strong>
              <span>
                /{article.slug} · {article.language}
                {hasUnsaved(me.id, article.article_id) && (
                  <span className={styles.unsaved}>
                    <IconPencil size={12} aria-hidden="true" /> Unsaved changes
                  </span>
                )}
              </span>
            </span>
            <StatusBadge status={article.status} />
            <Votes article={article} />
            <time dateTime={article.updated_at} title={fullTime(article.updated_at)}>
              {shortTime(article.updated_at)}
            </time>
          </Link>
        </li>
      ))}
    </ul>
  );
}

export function StatusBadge({ status }: { status: ArticleSummary["status"] }) {
  const isDraft = status === "draft";
  return <Badge tone={isDraft ? "warn" : "good"}>{isDraft ? "Draft" : "Published"}</Badge>;
}

function Votes({ article }: { article: ArticleSummary }) {
  const { helpful_yes, helpful_no } = article;
  if (helpful_yes + helpful_no === 0) return <span className={styles.votes} />;
  return (
    <span className={styles.votes} title={`It helped ${helpful_yes} readers, and did not help ${helpful_no}`}>
      <span className={styles.vote}>
        <IconThumbUp size={14} aria-hidden="true" />
        <span className="visually-hidden">helped</span> {helpful_yes}
      </span>
      <span className={styles.vote}>
        <IconThumbDown size={14} aria-hidden="true" />
        <span className="visually-hidden">did not help</span> {helpful_no}
      </span>
    </span>
  );
}
