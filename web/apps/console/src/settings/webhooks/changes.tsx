// What is done to a webhook from a menu or a button, and what is asked before.
import { modals } from "@mantine/modals";
import { notifications } from "@mantine/notifications";
import { inWords } from "../../backend/errors";
import { showOnce } from "../show-once";
import { changeWebhook, removeWebhook, type Webhook } from "./queries";

export async function switchTo(webhook: Webhook, isOn: boolean): Promise<void> {
  try {
    await changeWebhook(webhook.webhook_id, { is_enabled: isOn });
  } catch (error) {
    notifications.show({ title: "Not saved", message: inWords(error), color: "red", withBorder: true });
  }
}

/** `onDelete` is called before it is gone: whoever shows it is to look away. */
export function askToDelete(webhook: Webhook, onDelete?: () => void): void {
  modals.openConfirmModal({
    title: "Delete this webhook?",
    children: `${webhook.url} is told nothing more, and what it was told so far is forgotten. This cannot be undone.`,
    labels: { confirm: "Delete", cancel: "Cancel" },
    confirmProps: { color: "red" },
    onConfirm: () => {
      onDelete?.();
      void remove(webhook);
    },
  });
}

async function remove(webhook: Webhook): Promise<void> {
  try {
    await removeWebhook(webhook.webhook_id);
    notifications.show({ message: "The webhook is deleted.", withBorder: true });
  } catch (error) {
    notifications.show({ title: "Not deleted", message: inWords(error), color: "red", withBorder: true });
  }
}

/** `more` is said besides. */
export function showSecret(secret: string, more = ""): void {
  showOnce({
    title: "The signing secret",
    words: `Copy it to your server, which checks with it who is calling. ${more}`,
    value: secret,
    label: "Copy the secret",
  });
}
