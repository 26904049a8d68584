// Webhooks: all of them, or one with what it was told.
import { useRoute } from "wouter";
import { WebhookList } from "./WebhookList";
import { WebhookPage } from "./WebhookPage";

export function WebhooksSettings() {
  const [isOne, place] = useRoute("/settings/webhooks/:webhookId");
  return isOne ? <WebhookPage key={place.webhookId} webhookId={place.webhookId} /> : <WebhookList />;
}
