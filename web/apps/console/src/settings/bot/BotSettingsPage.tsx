// The bot: whether it answers, as whom, from what, and when people are there.
import { Alert, Button, Group, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type BotDraft, saveBot } from "../../backend/bot";
import { client } from "../../backend/client";
import { inWords } from "../../backend/errors";
import { queryClient } from "../../backend/query-client";
import { useSaving } from "../../parts/use-saving";
import { Page } from "../Panel";
import { AnswersPanel } from "./AnswersPanel";
import styles from "./Bot.module.css";
import { BudgetPanel } from "./BudgetPanel";
import { botChanges } from "./bot-draft";
import { FacePanel } from "./FacePanel";
import { HoursPanel } from "./HoursPanel";
import { fault } from "./hours";
import { EmbeddingPanel, ModelPanel } from "./ModelPanel";
import { ToolsPanel } from "./ToolsPanel";
import { TryPanel } from "./TryPanel";
import { SecretPanel, WebhookPanel } from "./WebhookPanel";

const KEY = ["bot-settings"];

export function BotSettingsPage() {
  const { data, error } = useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }): Promise<BotDraft> => client.request("GET /api/bot", { signal }),
    refetchOnWindowFocus: false,
  });
  return (
    <Page title="Bot" lead="It answers first, from your articles, and passes on to a person what it does not know.">
      {error && <Alert color="red" variant="light" role="alert" title={inWords(error)} />}
      {!data && !error && (
        <div role="status" aria-label="Loading">
          <Skeleton height={320} radius="lg" />
        </div>
      )}
      {data && <Editor saved={data} />}
    </Page>
  );
}

function Editor({ saved }: { saved: BotDraft }) {
  const [draft, setDraft] = useState(saved);
  const saving = useSaving();
  const set = (patch: Partial<BotDraft>) => setDraft((before) => ({ ...before, ...patch }));
  const changed = botChanges(saved, draft);
  const isChanged = Object.keys(changed).length > 0;
  const areHoursRight = draft.hours.every((opening) => fault(opening) === null);
  const save = () =>
    saving.run(async () => {
      const next = await saveBot(changed);
      queryClient.setQueryData(KEY, next);
      setDraft(next);
      await queryClient.invalidateQueries({ queryKey: ["assist"] });
    }, "The bot is saved.");
  const parts = { draft, saved, set, errors: saving.fields };
  return (
    <>
      <FacePanel {...parts} />
      <AnswersPanel {...parts} />
      <ModelPanel {...parts} />
      <EmbeddingPanel {...parts} />
      <ToolsPanel {...parts} />
      <BudgetPanel {...parts} />
      <WebhookPanel {...parts} />
      <SecretPanel saved={saved} />
      <HoursPanel {...parts} />
      <TryPanel isChanged={isChanged} />
      <div className={styles.bar} data-shown={isChanged} aria-hidden={!isChanged}>
        <Troubles error={saving.error} fields={saving.fields} />
        {isChanged && (
          <Group>
            <span className={styles.standing} role="status">
              Not saved yet
            </span>
            <Button variant="subtle" color="gray" onClick={() => setDraft(saved)}>
              Undo
            </Button>
            <Button loading={saving.isBusy} disabled={!areHoursRight} onClick={() => void save()}>
              Save
            </Button>
          </Group>
        )}
      </div>
    </>
  );
}

/** The fields to blame may be out of sight by now. */
function Troubles({ error, fields }: { error: string | null; fields: Record<string, string> }) {
  const faults = Object.entries(fields);
  if (!error && faults.length === 0) return null;
  return (
    <div className={styles.troubles} role="alert">
      {error}
      {faults.map(([field, message]) => (
        <p key={field}>
          <code>{field}</code> {message}
        </p>
      ))}
    </div>
  );
}
