// API keys: publishable ones for pages and apps, secret ones between servers.
import { ActionIcon, Alert, Badge, Button, Menu, Skeleton } from "@mantine/core";
import { modals } from "@mantine/modals";
import { notifications } from "@mantine/notifications";
import { IconDots, IconKey, IconLock, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { client } from "../backend/client";
import { inWords } from "../backend/errors";
import { queryClient } from "../backend/query-client";
import type { ApiKey } from "../backend/types";
import { sinceWhen } from "../parts/time";
import { IdentitySecret } from "./IdentitySecret";
import { EditKeyForm, NewKeyForm } from "./KeyForms";
import { Page, Panel } from "./Panel";
import styles from "./Rows.module.css";

export function KeysSettings() {
  const { data, error } = useQuery({
    queryKey: ["api-keys"],
    queryFn: async ({ signal }) => (await client.request("GET /api/api-keys", { query: { limit: 100 }, signal })).data,
  });
  const keys = (data ?? []).filter((key) => !key.revoked_at);
  const add = () => modals.open({ title: "New API key", children: <NewKeyForm /> });
  return (
    <Page
      title="API keys"
      lead="A publishable key names you in widgets and apps and grants nothing. A secret key acts for you: keep it on a server."
    >
      <Panel
        title="Keys"
        action={
          <Button leftSection={<IconPlus size={16} />} onClick={add}>
            New key
          </Button>
        }
      >
        {error && <Alert color="red" variant="light" title={inWords(error)} />}
        {!data && !error && <Skeleton height={80} />}
        {data && keys.length === 0 && <p className={styles.empty}>There is no key yet.</p>}
        <ul className={styles.rows}>
          {keys.map((key) => (
            <KeyRow key={key.api_key_id} apiKey={key} />
          ))}
        </ul>
      </Panel>
      <IdentitySecret />
    </Page>
  );
}

function KeyRow({ apiKey }: { apiKey: ApiKey }) {
  const isSecret = apiKey.kind === "secret";
  const reach = isSecret
    ? apiKey.scopes.join(", ")
    : apiKey.allowed_origins.length > 0
      ? apiKey.allowed_origins.join(", ")
      : "on every site that is let in";
  const Icon = isSecret ? IconLock : IconKey;
  return (
    <li className={styles.row}>
      <Icon size={18} stroke={1.5} aria-hidden="true" />
      <div className={styles.text}>
        <strong>
          {apiKey.name}
          <Badge ml={8} size="sm" variant="light" color={isSecret ? "yellow" : "leaf"}>
            {apiKey.kind}
          </Badge>
        </strong>
        <span title={reach}>
          {apiKey.prefix}…, {reach}. Made {sinceWhen(apiKey.created_at)}
        </span>
      </div>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`More about ${apiKey.name}`}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            onClick={() => modals.open({ title: "Change the key", children: <EditKeyForm apiKey={apiKey} /> })}
          >
            {isSecret ? "Rename" : "Name and origins"}
          </Menu.Item>
          <Menu.Item color="red" onClick={() => askToRevoke(apiKey)}>
            Revoke
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </li>
  );
}

function askToRevoke(apiKey: ApiKey): void {
  modals.openConfirmModal({
    title: `Revoke ${apiKey.name}?`,
    children: "Whatever uses it stops working at once. This cannot be undone.",
    labels: { confirm: "Revoke", cancel: "Cancel" },
    confirmProps: { color: "red" },
    onConfirm: () => void revoke(apiKey),
  });
}

async function revoke(apiKey: ApiKey): Promise<void> {
  try {
    await client.request("DELETE /api/api-keys/{api_key_id}", { path: { api_key_id: apiKey.api_key_id } });
  } catch (error) {
    notifications.show({ title: "Not revoked", message: inWords(error), color: "red", withBorder: true });
  }
  void queryClient.invalidateQueries({ queryKey: ["api-keys"] });
}
