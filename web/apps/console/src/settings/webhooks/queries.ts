// What the pages of webhooks ask the server, and what makes them ask anew.
import type { Answer, CallOptions } from "@smilechat/client";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { client } from "../../backend/client";
import { hasCode } from "../../backend/errors";
import { queryClient } from "../../backend/query-client";

export type Webhook = Answer<"GET /api/webhooks/{webhook_id}">;
export type WebhookType = Webhook["types"][number];
export type Delivery = Answer<"GET /api/webhooks/{webhook_id}/deliveries">["data"][number];
export type DeliveryState = Delivery["state"];
export type Attempt = Answer<"POST /api/webhooks/{webhook_id}/test">;
export type WebhookPatch = CallOptions<"PUT /api/webhooks/{webhook_id}">["body"];
type NewWebhook = CallOptions<"POST /api/webhooks">["body"];

/** How many deliveries come at a time. */
const PAGE = 25;
/** How soon it is seen what became of one. */
const ANEW_MS = 5000;
const FRESH_PAGES = 3;

/** There are never more than one page of them. */
export function useWebhooks() {
  return useQuery({
    queryKey: ["webhooks", "list"],
    queryFn: async ({ signal }) => (await client.request("GET /api/webhooks", { query: { limit: 100 }, signal })).data,
    staleTime: 0,
  });
}

export function useWebhook(webhookId: string) {
  return useQuery({
    queryKey: ["webhooks", "one", webhookId],
    queryFn: ({ signal }) => client.request("GET /api/webhooks/{webhook_id}", { path: path(webhookId), signal }),
    refetchInterval: ({ state: { error } }) => (hasCode(error, "not_found") ? false : ANEW_MS),
    staleTime: 0,
  });
}

/** Asked for again and again, until somebody reads far back. */
export function useDeliveries(webhookId: string, state: DeliveryState | null) {
  return useInfiniteQuery({
    queryKey: ["webhooks", "deliveries", webhookId, state],
    queryFn: ({ pageParam, signal }) =>
      client.request("GET /api/webhooks/{webhook_id}/deliveries", {
        path: path(webhookId),
        query: { limit: PAGE, ...(state ? { state } : {}), ...(pageParam ? { cursor: pageParam } : {}) },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    select: ({ pages }) => pages.flatMap((page): Delivery[] => page.data),
    refetchInterval: ({ state: { data } }) => (data && data.pages.length > FRESH_PAGES ? false : ANEW_MS),
    staleTime: 0,
  });
}

/** With its secret, which nobody is shown again. */
export async function createWebhook(body: NewWebhook) {
  const created = await client.request("POST /api/webhooks", { body });
  void refreshWebhooks();
  return created;
}

export async function changeWebhook(webhookId: string, body: WebhookPatch): Promise<void> {
  await client.request("PUT /api/webhooks/{webhook_id}", { path: path(webhookId), body });
  await refreshWebhooks();
}

export async function removeWebhook(webhookId: string): Promise<void> {
  await client.request("DELETE /api/webhooks/{webhook_id}", { path: path(webhookId) });
  queryClient.removeQueries({ queryKey: ["webhooks", "one", webhookId] });
  queryClient.removeQueries({ queryKey: ["webhooks", "deliveries", webhookId] });
  void refreshWebhooks();
}

export async function renewWebhookSecret(webhookId: string): Promise<string> {
  const options = { path: path(webhookId), body: {} };
  return (await client.request("POST /api/webhooks/{webhook_id}/secret", options)).secret;
}

export function tryWebhook(webhookId: string): Promise<Attempt> {
  return client.request("POST /api/webhooks/{webhook_id}/test", { path: path(webhookId), body: {} });
}

export async function sendAgain(webhookId: string, deliveryId: string): Promise<void> {
  await client.request("POST /api/webhooks/{webhook_id}/deliveries/{delivery_id}/retry", {
    path: { ...path(webhookId), delivery_id: deliveryId },
    body: {},
  });
  await refreshWebhooks();
}

function refreshWebhooks(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: ["webhooks"] });
}

function path(webhookId: string) {
  return { webhook_id: webhookId };
}
