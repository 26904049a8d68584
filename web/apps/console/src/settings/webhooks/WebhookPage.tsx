// One webhook: how it stands, a try, its secret, and what it was told.
import { ActionIcon, Alert, Button, Group, Menu, Skeleton } from "@mantine/core";
import { modals } from "@mantine/modals";
import { IconArrowLeft, IconDots, IconSend } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { hasCode, inWords } from "../../backend/errors";
import { fullTime } from "../../parts/time";
import { useSaving } from "../../parts/use-saving";
import { Page, Panel } from "../Panel";
import { askToDelete, showSecret, switchTo } from "./changes";
import { Deliveries } from "./Deliveries";
import { type Attempt, renewWebhookSecret, tryWebhook, useWebhook, type Webhook } from "./queries";
import { Standing } from "./Standing";
import { EditWebhookForm } from "./WebhookForms";
import styles from "./Webhooks.module.css";
import { attemptWords, standingWords, typesWords } from "./words";

export function WebhookPage({ webhookId }: { webhookId: string }) {
  const { data, error } = useWebhook(webhookId);
  // A colleague may have deleted it meanwhile.
  const webhook = hasCode(error, "not_found") ? undefined : data;
  return (
    <>
      <Link to="/settings/webhooks" className={styles.back ?? ""}>
        <IconArrowLeft size={15} aria-hidden="true" />
        All webhooks
      </Link>
      {error && !webhook && <Alert color="red" variant="light" role="alert" title={inWords(error)} />}
      {!webhook && !error && <Skeleton height={180} maw="42rem" />}
      {webhook && (
        <Page title={webhook.url} lead={webhook.description}>
          <About webhook={webhook} />
          <Secret webhook={webhook} />
          <Deliveries webhook={webhook} />
        </Page>
      )}
    </>
  );
}

function About({ webhook }: { webhook: Webhook }) {
  const [, navigate] = useLocation();
  const saving = useSaving();
  const [attempt, setAttempt] = useState<Attempt | null>(null);
  const { why } = standingWords(webhook);
  const edit = () =>
    modals.open({ title: "Change the webhook", size: "lg", children: <EditWebhookForm webhook={webhook} /> });
  const tryIt = () => {
    setAttempt(null);
    void saving.run(async () => setAttempt(await tryWebhook(webhook.webhook_id)));
  };
  return (
    <Panel
      title="About it"
      action={
        <Group gap="xs">
          <Button variant="default" leftSection={<IconSend size={16} />} loading={saving.isBusy} onClick={tryIt}>
            Send a test
          </Button>
          <Button variant="default" onClick={edit}>
            Change
          </Button>
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" size="lg" aria-label="More about this webhook">
                <IconDots size={18} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => void switchTo(webhook, !webhook.is_enabled)}>
                {webhook.is_enabled ? "Switch off" : "Switch on"}
              </Menu.Item>
              <Menu.Item color="red" onClick={() => askToDelete(webhook, () => navigate("/settings/webhooks"))}>
                Delete
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Group>
      }
    >
      {saving.error && <Alert color="red" variant="light" role="alert" mb="sm" title={saving.error} />}
      <div role="status" aria-label="The test">
        {attempt && (
          <Alert
            variant="light"
            mb="sm"
            color={attempt.error === null ? "leaf" : "red"}
            title={attemptWords(attempt)}
          />
        )}
      </div>
      <dl className={styles.facts}>
        <dt>State</dt>
        <dd>
          <Standing webhook={webhook} />
          {why && <span className={styles.why}>{why}</span>}
        </dd>
        <dt>Is told</dt>
        <dd>{typesWords(webhook.types)}</dd>
        <dt>Made</dt>
        <dd>{fullTime(webhook.created_at)}</dd>
      </dl>
    </Panel>
  );
}

function Secret({ webhook }: { webhook: Webhook }) {
  const saving = useSaving();
  const renew = () =>
    saving.run(async () => {
      const secret = await renewWebhookSecret(webhook.webhook_id);
      showSecret(secret, "The old one signs for 24 hours, too.");
    });
  const ask = () =>
    modals.openConfirmModal({
      title: "Make a new secret?",
      children:
        "The old one signs for 24 hours, too, so that you can change it at your server in the meantime. Any older one ends at once.",
      labels: { confirm: "Make a new one", cancel: "Cancel" },
      onConfirm: () => void renew(),
    });
  return (
    <Panel
      title="Signing secret"
      lead="Your server checks with it that a call comes from here. It was shown when it was made; if it is lost, make a new one."
    >
      {saving.error && <Alert color="red" variant="light" role="alert" mb="sm" title={saving.error} />}
      <Group>
        <Button variant="default" loading={saving.isBusy} onClick={ask}>
          Make a new secret
        </Button>
      </Group>
    </Panel>
  );
}
