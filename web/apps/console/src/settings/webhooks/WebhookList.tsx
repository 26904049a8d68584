// The tenant's webhooks, how each stands, and the way to each.
import { ActionIcon, Alert, Button, Menu, Skeleton } from "@mantine/core";
import { modals } from "@mantine/modals";
import { IconDots, IconPlus, IconWebhook } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { inWords } from "../../backend/errors";
import { Page, Panel } from "../Panel";
import rows from "../Rows.module.css";
import { askToDelete, switchTo } from "./changes";
import { useWebhooks, type Webhook } from "./queries";
import { Standing } from "./Standing";
import { EditWebhookForm, NewWebhookForm } from "./WebhookForms";
import styles from "./Webhooks.module.css";
import { standingWords, typesWords } from "./words";

export function WebhookList() {
  const { data, error } = useWebhooks();
  const add = () => modals.open({ title: "New webhook", size: "lg", children: <NewWebhookForm /> });
  const newOne = (
    <Button leftSection={<IconPlus size={16} />} onClick={add}>
      New webhook
    </Button>
  );
  return (
    <Page
      title="Webhooks"
      lead={
        <>
          A server of yours is told what happens here, at once. Each call is signed.{" "}
          <a className={styles.link} href="/docs/webhooks" target="_blank" rel="noreferrer">
            How they work
          </a>
        </>
      }
    >
      <Panel title="Your webhooks" action={data && data.length > 0 && newOne}>
        {error && <Alert color="red" variant="light" role="alert" title={inWords(error)} />}
        {!data && !error && <Skeleton height={80} />}
        {data?.length === 0 && <Nothing action={newOne} />}
        <ul className={rows.rows}>
          {data?.map((webhook) => (
            <Row key={webhook.webhook_id} webhook={webhook} />
          ))}
        </ul>
      </Panel>
    </Page>
  );
}

function Nothing({ action }: { action: ReactNode }) {
  return (
    <div className={styles.empty}>
      <IconWebhook size={32} stroke={1.5} aria-hidden="true" />
      <h4>Tell your own server</h4>
      <p>
        When a ticket is opened, a message is sent or a customer rates, your shop, your CRM or a script hears of it and
        can act.{" "}
        <a className={styles.link} href="/docs/webhooks" target="_blank" rel="noreferrer">
          What is sent, and how to check its signature
        </a>
      </p>
      {action}
    </div>
  );
}

function Row({ webhook }: { webhook: Webhook }) {
  const { webhook_id, url, description, types, is_enabled } = webhook;
  const { why } = standingWords(webhook);
  const edit = () =>
    modals.open({ title: "Change the webhook", size: "lg", children: <EditWebhookForm webhook={webhook} /> });
  return (
    <li className={rows.row} data-off={!is_enabled}>
      <IconWebhook size={18} stroke={1.5} aria-hidden="true" />
      <div className={styles.about}>
        <strong className={styles.name}>
          <Link to={`/settings/webhooks/${webhook_id}`}>{url}</Link>
          <Standing webhook={webhook} />
        </strong>
        {description && <p title={description}>{description}</p>}
        <p title={typesWords(types)}>{typesWords(types)}</p>
        {why && <span className={styles.why}>{why}</span>}
      </div>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`More about ${url}`}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={edit}>Change</Menu.Item>
          <Menu.Item onClick={() => void switchTo(webhook, !is_enabled)}>
            {is_enabled ? "Switch off" : "Switch on"}
          </Menu.Item>
          <Menu.Item color="red" onClick={() => askToDelete(webhook)}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </li>
  );
}
