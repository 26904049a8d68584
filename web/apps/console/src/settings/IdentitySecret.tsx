// The secret with which the tenant's own server vouches for customers. Who looks at it is written down.
import { Alert, Button, Group } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useState } from "react";
import { client } from "../backend/client";
import { useSaving } from "../parts/use-saving";
import { CopyField } from "./CopyField";
import { Panel } from "./Panel";

export function IdentitySecret() {
  const saving = useSaving();
  const [secret, setSecret] = useState<string | null>(null);
  const load = (call: () => Promise<{ identity_secret: string }>) =>
    saving.run(async () => setSecret((await call()).identity_secret));
  const askToRotate = () =>
    modals.openConfirmModal({
      title: "Make a new secret?",
      children: "What the old one signed is refused from then on, until your server knows the new one.",
      labels: { confirm: "Make a new one", cancel: "Cancel" },
      confirmProps: { color: "red" },
      onConfirm: () => void load(() => client.request("POST /api/settings/identity", { body: {} })),
    });
  return (
    <Panel
      title="Identity secret"
      lead="Your server signs with it who a customer is, so that they find their conversations on every device. It never belongs into a page."
    >
      {saving.error && <Alert color="red" variant="light" role="alert" mb="sm" title={saving.error} />}
      {secret ? (
        <CopyField value={secret} label="Copy the secret" />
      ) : (
        <Group>
          <Button
            variant="default"
            loading={saving.isBusy}
            onClick={() => void load(() => client.request("GET /api/settings/identity"))}
          >
            Show it
          </Button>
          <Button variant="subtle" color="gray" onClick={askToRotate}>
            Make a new one
          </Button>
        </Group>
      )}
    </Panel>
  );
}
