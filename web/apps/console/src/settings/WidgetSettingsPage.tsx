// The widget of the tenant's site: what it says, how it looks, and the lines to paste.
import { Alert, Button, Group, Skeleton } from "@mantine/core";
import { isColor } from "@smilechat/readable/colors";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client } from "../backend/client";
import { inWords } from "../backend/errors";
import { queryClient } from "../backend/query-client";
import type { WidgetSettings } from "../backend/types";
import { useSaving } from "../parts/use-saving";
import { Page, Panel } from "./Panel";
import { WidgetForm } from "./WidgetForm";
import { WidgetPreview } from "./WidgetPreview";
import styles from "./WidgetSettingsPage.module.css";
import { WidgetSnippet } from "./WidgetSnippet";

const KEY = ["widget-settings"];

export function WidgetSettingsPage() {
  const { data, error } = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => client.request("GET /api/settings/widget", { signal }),
    refetchOnWindowFocus: false,
  });
  return (
    <Page title="Widget" lead="The chat on your own site. What you change here shows there within seconds." isWide>
      {error && <Alert color="red" variant="light" role="alert" title={inWords(error)} />}
      {!data && !error && <Skeleton height={320} radius="lg" />}
      {data && <Editor saved={data} />}
      <WidgetSnippet />
    </Page>
  );
}

function Editor({ saved }: { saved: WidgetSettings }) {
  const [draft, setDraft] = useState(saved);
  const saving = useSaving();
  const changed = changes(saved, draft);
  const isChanged = Object.keys(changed).length > 0;
  const save = () =>
    saving.run(async () => {
      const next = await client.request("PUT /api/settings/widget", { body: changed });
      queryClient.setQueryData(KEY, next);
      setDraft(next);
    }, "The widget is saved.");
  return (
    <div className={styles.columns}>
      <Panel title="What it says and how it looks">
        {saving.error && <Alert color="red" variant="light" role="alert" mb="sm" title={saving.error} />}
        <WidgetForm settings={draft} onChange={setDraft} errors={saving.fields} />
        <Group mt="lg">
          <Button
            loading={saving.isBusy}
            disabled={!isChanged || !isColor(draft.primary_color)}
            onClick={() => void save()}
          >
            Save
          </Button>
          {isChanged && (
            <Button variant="subtle" color="gray" onClick={() => setDraft(saved)}>
              Undo
            </Button>
          )}
        </Group>
      </Panel>
      <div className={styles.preview}>
        <WidgetPreview settings={draft} />
      </div>
    </div>
  );
}

function changes(saved: WidgetSettings, draft: WidgetSettings): Partial<WidgetSettings> {
  const fields = Object.entries(draft) as [keyof WidgetSettings, unknown][];
  return Object.fromEntries(fields.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(saved[name])));
}
