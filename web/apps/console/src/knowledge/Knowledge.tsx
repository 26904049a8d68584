// What the team knows: articles, what the bot made of them, and what it had no answer to. Loaded only when somebody goes there.
import { Redirect } from "wouter";
import { isAdmin, useMe } from "../backend/session";
import { Dialogs } from "../parts/Dialogs";
import { TabbedPage } from "../parts/TabbedPage";
import { ArticleEditor } from "./ArticleEditor";
import { ArticlesPage } from "./ArticlesPage";
import { Gaps } from "./Gaps";
import { Imports } from "./Imports";
import { NewArticle } from "./NewArticle";
import { Runs } from "./Runs";
import { Versions } from "./Versions";

const TABS = [
  { id: "", label: "Articles", page: ArticlesPage },
  { id: "runs", label: "What the bot did", page: Runs },
  { id: "gaps", label: "Gaps", page: Gaps },
];
const TABS_OF_ADMINS = [...TABS, { id: "import", label: "Import", page: Imports }];

/** `path` is what follows `/knowledge/`. */
export function Knowledge({ path }: { path: string | undefined }) {
  const [place = "", id, part] = (path ?? "").split("/");
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
  const tabs = isAdmin(useMe()) ? TABS_OF_ADMINS : TABS;
  const current = tabs.find(({ id }) => id === place);
  if (!current) return <Redirect to="/knowledge" replace />;
  return <TabbedPage title="Knowledge" base="/knowledge" tabs={tabs} shown={current} />;
}
