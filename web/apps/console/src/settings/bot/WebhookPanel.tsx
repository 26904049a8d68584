// A service of the tenant's own that decides what is said, and the secret by which it knows that we are asking.
import { Alert, Button, Group, Stack, TextInput } from "@mantine/core";
import { modals } from "@mantine/modals";
import { makeWebhookSecret } from "../../backend/bot";
import { useSaving } from "../../parts/use-saving";
import { Panel } from "../Panel";
import { showOnce } from "../show-once";
import { NEW_WEBHOOK } from "./bot-draft";
import { Figure } from "./ModelPanel";
import { Optional } from "./Optional";
import type { PanelParts } from "./parts";

export function WebhookPanel({ draft, set, errors }: PanelParts) {
  const webhook = draft.webhook;
  return (
    <Panel
      title="A service of yours"
      lead="It is told what the customer wrote, and answers what to say, or that a person is needed. Each call is signed."
      action={
        <Optional
          isOn={webhook !== null}
          onChange={(isOn) => set({ webhook: isOn ? NEW_WEBHOOK : null })}
          what="service of your own"
        />
      }
    >
      {webhook && (
        <Stack>
          <TextInput
            label="Address"
            placeholder="https://shop.example/smilechat"
            value={webhook.url}
            onChange={(event) => set({ webhook: { ...webhook, url: event.currentTarget.value.trim() } })}
            error={errors["webhook.url"]}
          />
          <Figure
            label="Patience, seconds"
            min={1}
            max={25}
            value={webhook.deadline_seconds}
            onChange={(seconds) => set({ webhook: { ...webhook, deadline_seconds: seconds ?? 10 } })}
            error={errors["webhook.deadline_seconds"]}
          />
        </Stack>
      )}
    </Panel>
  );
}

/** Signs what a service of the tenant's is sent, and its tools. There is one once either is saved. */
export function SecretPanel({ saved }: Pick<PanelParts, "saved">) {
  const isNeeded = Boolean(saved.webhook) || saved.http_tools.length > 0;
  return isNeeded ? (
    <Panel
      title="Signing secret"
      lead="What your service and your tools are sent is signed with it, so that they know it comes from here. It is shown once."
    >
      <Secret />
    </Panel>
  ) : null;
}

function Secret() {
  const saving = useSaving();
  const make = () => saving.run(async () => show(await makeWebhookSecret()));
  const ask = () =>
    modals.openConfirmModal({
      title: "Make a new secret?",
      children:
        "What the old one signs ends at once: your service has to know the new one before it can tell our calls.",
      labels: { confirm: "Make a new one", cancel: "Cancel" },
      confirmProps: { color: "red" },
      onConfirm: () => void make(),
    });
  return (
    <>
      {saving.error && <Alert color="red" variant="light" role="alert" title={saving.error} />}
      <Group>
        <Button variant="default" loading={saving.isBusy} onClick={ask}>
          Make a new secret
        </Button>
      </Group>
    </>
  );
}

function show(secret: string): void {
  showOnce({
    title: "The new secret",
    words: "Copy it to your service.",
    value: secret,
    label: "Copy the secret",
  });
}
