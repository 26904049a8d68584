/** Owns the help centre inside the window: the search, what it finds, and an article to read. */
import type { TargetedEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { fill } from "../languages";
import { guideTexts } from "../languages/guide";
import type { WidgetState } from "../state";
import { Before, Leaf, Lens } from "./icons";
import type { Hit, Knowledge, Reading } from "./knowledge";
import { Markdown } from "./Markdown";

interface Props {
  now: WidgetState;
  articles: Knowledge;
  onLeave: () => void;
}

/** So long nothing more is typed before it is searched for. */
const PAUSE = 250;

type Shown = { kind: "list"; hits: Hit[]; words: string } | { kind: "article"; article: Reading } | null;

export function Help({ now, articles, onLeave }: Props) {
  const { texts, code } = now.language;
  const words = guideTexts(code);
  const [shown, setShown] = useState<Shown>(null);
  const [hasFailed, setFailed] = useState(false);
  const list = useRef<Shown>(null);
  const field = useRef<HTMLInputElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  /** Of two answers on their way, the one that was asked for last counts. */
  const turn = useRef(0);
  const pause = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  const load = async (what: () => Promise<Shown>) => {
    turn.current += 1;
    const mine = turn.current;
    setFailed(false);
    try {
      const next = await what();
      if (mine !== turn.current) return;
      if (next?.kind === "list") list.current = next;
      setShown(next);
    } catch {
      if (mine === turn.current) setFailed(true);
    }
  };
  const look = (asked: string) =>
    load(async () => {
      const hits = asked ? await articles.find(asked) : await articles.list(code);
      return { kind: "list", hits, words: asked };
    });
  const read = (slug: string) => {
    clearTimeout(pause.current);
    return load(async () => ({ kind: "article", article: await articles.read(slug) }));
  };
  const back = () => {
    turn.current += 1;
    clearTimeout(pause.current);
    setFailed(false);
    if (shown?.kind === "article") setShown(list.current);
    else onLeave();
  };
  const search = () => {
    clearTimeout(pause.current);
    void look(field.current?.value.trim() ?? "");
  };
  const type = () => {
    clearTimeout(pause.current);
    pause.current = setTimeout(search, PAUSE);
  };
  const submit = (event: TargetedEvent<HTMLFormElement>) => {
    event.preventDefault();
    search();
  };

  useEffect(() => {
    void look("");
    return () => clearTimeout(pause.current);
  }, []);
  // A reader of the screen is told where they are now.
  useEffect(() => {
    if (shown?.kind === "article") heading.current?.focus();
  }, [shown]);

  const isArticle = shown?.kind === "article";
  return (
    <section class="help" aria-label={words.help}>
      <div class="help-bar">
        <button type="button" class="help-back" aria-label={texts.back} onClick={back}>
          <Before />
        </button>
        {/* biome-ignore lint/a11y/useSemanticElements: browsers of some years ago do not know that element */}
        <form role="search" onSubmit={submit} hidden={isArticle}>
          <input
            ref={field}
            type="search"
            onInput={type}
            maxLength={500}
            enterkeyhint="search"
            aria-label={words.search}
            placeholder={words.search}
          />
          <button type="submit" aria-label={words.find}>
            <Lens />
          </button>
        </form>
        {isArticle && <span class="help-title">{words.help}</span>}
      </div>
      <div
        class="help-page"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
        tabIndex={0}
        aria-busy={!shown && !hasFailed}
        key={isArticle ? shown.article.href : "list"}
      >
        {hasFailed && (
          <p class="help-none" role="alert">
            {texts.sendFailed}
          </p>
        )}
        {!shown && !hasFailed && <i class="spinner" role="img" aria-label={words.loading} />}
        {shown?.kind === "list" && (
          <>
            <p class="help-none" role="status">
              {shown.hits.length === 0 ? words.nothing : shown.words && fill(words.found, { count: shown.hits.length })}
            </p>
            <ul class="hits">
              {shown.hits.map((hit) => (
                <li key={hit.slug}>
                  <button type="button" dir="auto" lang={hit.language} onClick={() => void read(hit.slug)}>
                    <b>{hit.title}</b>
                    {hit.excerpt && <span>{hit.excerpt}</span>}
                  </button>
                </li>
              ))}
            </ul>
          </>
        )}
        {isArticle && (
          <article lang={shown.article.language} dir="auto">
            <h2 class="article-title" ref={heading} tabIndex={-1} dir="auto">
              {shown.article.title}
            </h2>
            <Markdown text={shown.article.body} base={shown.article.href} />
          </article>
        )}
      </div>
      <div class="help-foot">
        {isArticle && (
          <a href={shown.article.href} target="_blank" rel="noopener">
            <Leaf />
            {words.openPage}
          </a>
        )}
        <button type="button" class="button small" onClick={onLeave}>
          {words.write}
        </button>
      </div>
    </section>
  );
}
