// The pages of a site as articles: begun here by an admin, and told of while it goes on and afterwards.
import { Alert, Button, NumberInput, Select, Skeleton, TextInput, VisuallyHidden } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { client } from "../backend/client";
import { inWords } from "../backend/errors";
import type { ArticleStatus } from "../backend/types";
import { useSaving } from "../parts/use-saving";
import cards from "./Cards.module.css";
import { ImportCard, isUnderWay } from "./ImportCard";
import styles from "./Imports.module.css";
import shared from "./Knowledge.module.css";
import { refreshKnowledge, useImports } from "./queries";

const USUAL_PAGES = 500;
const MOST_PAGES = 2000;
const STATUSES = [
  { value: "draft", label: "Drafts" },
  { value: "published", label: "Published at once" },
];

export function Imports() {
  useDocumentTitle("Import · SmileChat");
  const { data, error, isPending } = useImports();
  const isRunning = data?.some(isUnderWay) ?? false;
  const wasRunning = useRef(false);
  const [said, setSaid] = useState("");
  useEffect(() => {
    // What it has made is to be seen without a reload.
    if (wasRunning.current && !isRunning) {
      setSaid("The import has ended.");
      void refreshKnowledge();
    }
    if (isRunning) setSaid("");
    wasRunning.current = isRunning;
  }, [isRunning]);
  return (
    <section className={shared.main} aria-label="Import">
      <p className={shared.lead}>
        Each page that the site lists in its site map becomes an article. Import it again, and what has changed there is
        changed here; whether an article is published stays as you have set it.
      </p>
      <ImportForm isRunning={isRunning} />
      {error && !data && <Alert color="red" variant="light" role="alert" title={inWords(error)} />}
      {isPending && (
        <div role="status" aria-label="Loading">
          <Skeleton height={132} radius="lg" />
        </div>
      )}
      <VisuallyHidden role="status">{said}</VisuallyHidden>
      <ul className={cards.runs}>
        {data?.map((one) => (
          <li key={one.import_id}>
            <ImportCard import={one} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function ImportForm({ isRunning }: { isRunning: boolean }) {
  const saving = useSaving();
  const [url, setUrl] = useState("");
  const [limit, setLimit] = useState<number | string>(USUAL_PAGES);
  const [status, setStatus] = useState<ArticleStatus>("draft");
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void saving.run(async () => {
      const body = { url: url.trim(), limit: Number(limit), status };
      await client.request("POST /api/kb/imports", { body });
      await refreshKnowledge();
    });
  };
  return (
    <form className={styles.importForm} aria-label="Import a site" onSubmit={onSubmit}>
      {saving.error && <Alert w="100%" color="red" variant="light" role="alert" title={saving.error} />}
      <TextInput
        flex="1 1 18rem"
        label="Address of the site or its site map"
        type="url"
        required
        withAsterisk={false}
        maxLength={2048}
        placeholder="https://shop.example/sitemap.xml"
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value)}
        error={saving.fields.url}
      />
      <NumberInput
        w={120}
        label="Pages at most"
        min={1}
        max={MOST_PAGES}
        allowDecimal={false}
        required
        withAsterisk={false}
        value={limit}
        onChange={setLimit}
        error={saving.fields.limit}
      />
      <Select
        w={170}
        label="New articles are"
        data={STATUSES}
        value={status}
        allowDeselect={false}
        onChange={(value) => setStatus((value ?? "draft") as ArticleStatus)}
      />
      <Button type="submit" loading={saving.isBusy} disabled={isRunning || url.trim() === ""}>
        Import
      </Button>
    </form>
  );
}
