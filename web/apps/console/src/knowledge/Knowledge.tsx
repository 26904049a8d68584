// What the team knows: articles, what the bot made of them, and what it had no answer to. Loaded only when somebody goes there.
import { Link, Redirect } from "wouter";
import { Dialogs } from "../parts/Dialogs";
import { ArticleEditor } from "./ArticleEditor";
import { ArticlesPage } from "./ArticlesPage";
import { Gaps } from "./Gaps";
import styles from "./Knowledge.module.css";
import { NewArticle } from "./NewArticle";
import { Runs } from "./Runs";
import { Versions } from "./Versions";

const TABS = [
  { id: "", label: "Articles", page: ArticlesPage },
  { id: "runs", label: "What the bot did", page: Runs },
  { id: "gaps", label: "Gaps", page: Gaps },
];

/** `path` is what follows `/knowledge/`. */
export function Knowledge({ path }: { path: string | undefined }) {
  const [place = "", id, part] = (path ?? "").split("/").map(decodeURIComponent);
  return (
    <Dialogs>
      {place === "new" ? (
        <NewArticle />
      ) : place === "articles" && id ? (
        part === "versions" ? (
          <Versions key={id} id={id} />
        ) : (
          <ArticleEditor key={id} id={id} />
        )
      ) : (
        <Overview place={place} />
      )}
    </Dialogs>
  );
}

function Overview({ place }: { place: string }) {
  const current = TABS.find(({ id }) => id === place);
  if (!current) return <Redirect to="/knowledge" replace />;
  const Page = current.page;
  return (
    <main className={styles.page}>
      <header className={styles.top}>
        <h1>Knowledge</h1>
        <nav className={styles.tabs} aria-label="Knowledge">
          {TABS.map(({ id, label }) => (
            <Link
              key={id}
              to={id === "" ? "/knowledge" : `/knowledge/${id}`}
              aria-current={id === current.id ? "page" : undefined}
            >
              {label}
            </Link>
          ))}
        </nav>
      </header>
      <Page />
    </main>
  );
}
