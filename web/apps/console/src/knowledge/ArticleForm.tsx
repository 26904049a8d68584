// The fields of an article, with what readers will see beside its text.
import { Autocomplete, SegmentedControl, Select, TagsInput, Textarea, TextInput } from "@mantine/core";
import { type ReactNode, useDeferredValue, useState } from "react";
import { Markdown } from "../parts/Markdown";
import styles from "./ArticleForm.module.css";
import type { ArticleDraft } from "./article-draft";
import shared from "./Knowledge.module.css";
import { languageName } from "./narrow";
import { useCollections } from "./queries";

const LANGUAGES = ["en", "de", "es", "fr", "it", "nl", "pl", "pt", "ar", "bn", "hi", "ja", "zh"];
const LONGEST_BODY = 50_000;
const MOST_KEYWORDS = 30;

interface Props {
  draft: ArticleDraft;
  onChange: (draft: ArticleDraft) => void;
  errors: Record<string, string>;
  /** The server's word for what went wrong. */
  code: string | null;
  isNew?: boolean;
}

export function ArticleForm({ draft, onChange, errors, code, isNew = false }: Props) {
  const set = (patch: Partial<ArticleDraft>) => onChange({ ...draft, ...patch });
  const [view, setView] = useState<"write" | "look">("write");
  return (
    <>
      <section className={shared.panel} aria-label="Article">
        <TextInput
          label="Title"
          description="As customers would ask it"
          size="md"
          maxLength={200}
          data-autofocus={isNew}
          value={draft.title}
          onChange={(event) => set({ title: event.currentTarget.value })}
          error={errors.title}
        />
        <SegmentedControl
          className={styles.views ?? ""}
          aria-label="Write, or see how it looks"
          data={[
            { value: "write", label: "Write" },
            { value: "look", label: "Preview" },
          ]}
          value={view}
          onChange={(next) => setView(next as "write" | "look")}
        />
        <div className={styles.halves} data-view={view}>
          <Textarea
            className={styles.write ?? ""}
            classNames={{ input: styles.body ?? "" }}
            label="Text"
            description={bodyHint(draft.body)}
            autosize
            minRows={16}
            value={draft.body}
            onChange={(event) => set({ body: event.currentTarget.value })}
            error={errors.body}
          />
          <Preview text={draft.body} />
        </div>
      </section>
      <Facts draft={draft} set={set} errors={errors} code={code} />
    </>
  );
}

export function Preview({ text, empty = "What you write shows here." }: { text: string; empty?: ReactNode }) {
  const shown = useDeferredValue(text);
  return (
    <section className={styles.look} aria-label="Preview">
      <h2 className="visually-hidden">Preview</h2>
      {shown.trim() === "" ? <p className={shared.quiet}>{empty}</p> : <Markdown text={shown} />}
    </section>
  );
}

function bodyHint(body: string): string {
  const left = LONGEST_BODY - [...body].length;
  if (left < 0) return `${-left} characters too long`;
  if (left < 2000) return `${left} characters left`;
  return "Markdown: # heading, **bold**, - list, [words](https://…)";
}

interface FactsProps {
  draft: ArticleDraft;
  set: (patch: Partial<ArticleDraft>) => void;
  errors: Record<string, string>;
  code: string | null;
}

function Facts({ draft, set, errors, code }: FactsProps) {
  const collections = useCollections().data ?? [];
  return (
    <section className={shared.panel} aria-label="Where it stands and how it is found">
      <div className={styles.facts}>
        <Select
          label="Collection"
          placeholder="In none"
          clearable
          data={collections.map(({ collection_id, name }) => ({ value: collection_id, label: name }))}
          value={draft.collection_id}
          onChange={(collection_id) => set({ collection_id })}
          error={errors.collection_id}
        />
        <Autocomplete
          label="Language"
          data={LANGUAGES}
          renderOption={({ option }) => languageName(option.value)}
          // All of them, whatever is there already.
          filter={({ options }) => options}
          value={draft.language}
          onChange={(language) => set({ language: language.trim() })}
          error={errors.language}
        />
        <TextInput
          label="Address"
          placeholder="made of the title"
          leftSection="/"
          maxLength={80}
          value={draft.slug}
          onChange={(event) => set({ slug: event.currentTarget.value.trim().toLowerCase() })}
          error={errors.slug ?? (code === "slug_taken" ? "Another article has this address." : undefined)}
        />
      </div>
      <TagsInput
        mt="sm"
        label="Keywords"
        description="How customers call it, if not by the words of the title. Enter adds one"
        maxTags={MOST_KEYWORDS}
        acceptValueOnBlur
        value={draft.keywords}
        onChange={(keywords) => set({ keywords: keywords.map((keyword) => keyword.slice(0, 100)) })}
        error={errors.keywords ?? Object.entries(errors).find(([field]) => field.startsWith("keywords["))?.[1]}
      />
    </section>
  );
}
