// All articles: collections at the side, the list beside them, narrowed by status, language and words.
import { Alert, Button, CloseButton, Select, Skeleton, TextInput } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconBooks, IconPlus, IconSearch, IconSearchOff } from "@tabler/icons-react";
import { useDeferredValue } from "react";
import { useLocation, useSearchParams } from "wouter";
import { inWords } from "../backend/errors";
import type { ArticleStatus, ArticleSummary } from "../backend/types";
import styles from "./ArticlesPage.module.css";
import { ArticleTable } from "./ArticleTable";
import { CollectionNav } from "./CollectionNav";
import shared from "./Knowledge.module.css";
import { LOOSE, languageName, languagesOf, type Narrowing, narrow } from "./narrow";
import { MOST_PAGES, useArticles, useCollections } from "./queries";

const STATUSES = [
  { value: "published", label: "Published" },
  { value: "draft", label: "Drafts" },
];

export function ArticlesPage() {
  useDocumentTitle("Knowledge · SmileChat");
  const [, navigate] = useLocation();
  const articles = useArticles();
  const collections = useCollections();
  const [by, setBy] = useNarrowing();
  const error = articles.error ?? collections.error;
  if (error && !articles.data) {
    return (
      <Alert color="red" variant="light" role="alert" title={inWords(error)}>
        <Button variant="default" mt="xs" onClick={() => void articles.refetch()}>
          Try again
        </Button>
      </Alert>
    );
  }
  if (!articles.data || !collections.data) return <Loading />;
  const shelf = by.collection === LOOSE ? "In no collection" : nameOf(by.collection, collections.data);
  return (
    <div className={shared.columns}>
      <CollectionNav
        collections={collections.data}
        articles={articles.data}
        current={by.collection}
        onChoose={(collection) => setBy({ collection })}
      />
      <section className={shared.main} aria-label="Articles">
        <div className={shared.tools}>
          <h2>{shelf ?? "All articles"}</h2>
          <Button
            leftSection={<IconPlus size={16} />}
            onClick={() => navigate("/knowledge/new", { state: { collection_id: realId(by.collection) } })}
          >
            New article
          </Button>
        </div>
        <Filters articles={articles.data} by={by} onChange={setBy} />
        <Listed articles={articles.data} by={by} onReset={() => setBy(NOTHING)} />
        {articles.data.length >= MOST_PAGES * 100 && (
          <p className={shared.quiet}>These are the {MOST_PAGES * 100} that changed last.</p>
        )}
      </section>
    </div>
  );
}

interface ListedProps {
  articles: ArticleSummary[];
  by: Narrowing;
  onReset: () => void;
}

function Listed({ articles, by, onReset }: ListedProps) {
  const [, navigate] = useLocation();
  // Typing stays quick, however many there are.
  const found = narrow(articles, useDeferredValue(by));
  if (articles.length === 0) {
    return (
      <div className={shared.empty}>
        <IconBooks size={32} stroke={1.5} aria-hidden="true" />
        <h3>Nothing is written down yet</h3>
        <p>The bot answers from articles, and customers read them. Begin with what you are asked most.</p>
        <Button variant="light" onClick={() => navigate("/knowledge/new")}>
          Write the first article
        </Button>
      </div>
    );
  }
  if (found.length === 0) {
    return (
      <div className={shared.empty}>
        <IconSearchOff size={32} stroke={1.5} aria-hidden="true" />
        <h3>Nothing found</h3>
        <p>{by.search ? `No article here matches “${by.search}”.` : "No article is here that fits."}</p>
        <Button variant="default" onClick={onReset}>
          Show all articles
        </Button>
      </div>
    );
  }
  return <ArticleTable articles={found} />;
}

interface FiltersProps {
  articles: ArticleSummary[];
  by: Narrowing;
  onChange: (patch: Partial<Narrowing>) => void;
}

function Filters({ articles, by, onChange }: FiltersProps) {
  const languages = languagesOf(articles);
  return (
    <div className={styles.filters}>
      <TextInput
        className={styles.search ?? ""}
        type="search"
        aria-label="Search articles"
        placeholder="Title, address or keyword"
        leftSection={<IconSearch size={16} />}
        rightSection={
          by.search ? <CloseButton aria-label="Clear the search" onClick={() => onChange({ search: "" })} /> : null
        }
        value={by.search}
        onChange={(event) => onChange({ search: event.currentTarget.value })}
      />
      <Select
        w={150}
        aria-label="Status"
        placeholder="Any status"
        clearable
        data={STATUSES}
        value={by.status}
        onChange={(status) => onChange({ status: status as ArticleStatus | null })}
      />
      {languages.length > 1 && (
        <Select
          w={170}
          aria-label="Language"
          placeholder="Any language"
          clearable
          data={languages.map((value) => ({ value, label: languageName(value) }))}
          value={by.language}
          onChange={(language) => onChange({ language })}
        />
      )}
    </div>
  );
}

function Loading() {
  return (
    <div className={shared.columns} role="status" aria-label="Loading articles">
      <Skeleton height={180} radius="lg" />
      <div className={shared.main}>
        <Skeleton height={36} mb="md" />
        {[1, 2, 3, 4, 5].map((row) => (
          <Skeleton key={row} height={52} mb={6} radius="md" />
        ))}
      </div>
    </div>
  );
}

const NOTHING: Narrowing = { collection: null, status: null, language: null, search: "" };

/** Stands in the address, so that it is there again when one comes back from an article. */
function useNarrowing(): [Narrowing, (patch: Partial<Narrowing>) => void] {
  const [params, setParams] = useSearchParams();
  const status = params.get("status");
  const by: Narrowing = {
    collection: params.get("collection"),
    status: status === "draft" || status === "published" ? status : null,
    language: params.get("language"),
    search: params.get("q") ?? "",
  };
  const change = (patch: Partial<Narrowing>) => {
    const { search, ...rest } = { ...by, ...patch };
    const next = Object.entries({ ...rest, q: search }).filter(([, value]) => value);
    setParams(new URLSearchParams(next as [string, string][]), { replace: true });
  };
  return [by, change];
}

function nameOf(id: string | null, collections: { collection_id: string; name: string }[]): string | undefined {
  return collections.find(({ collection_id }) => collection_id === id)?.name;
}

function realId(collection: string | null): string | null {
  return collection === LOOSE ? null : collection;
}
