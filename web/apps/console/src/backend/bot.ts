// The bot, and the helps for staff: shapes under the names that the console uses, and their calls.
import type { Answer, CallOptions } from "@smilechat/client";
import { client } from "./client";
import type { BotSettings } from "./types";

type BotPatch = CallOptions<"PUT /api/bot">["body"];

export type BotEngine = BotSettings["engine"];
export type BotTool = BotSettings["tools"][number];
export type BotBudget = BotSettings["budget"];
export type BotWebhook = NonNullable<BotSettings["webhook"]>;
export type HttpTool = BotSettings["http_tools"][number];
export type ToolParameter = NonNullable<HttpTool["parameters"]>[number];

/** Write-only. Absent keeps the one that is there, null removes it. */
interface Keyed {
  api_key?: string | null | undefined;
}
export type BotModel = NonNullable<BotSettings["model"]> & Keyed;
export type BotEmbedding = NonNullable<BotSettings["embedding"]> & Keyed;

/** The settings while somebody changes them. */
export type BotDraft = Omit<BotSettings, "model" | "embedding"> & {
  model: BotModel | null;
  embedding: BotEmbedding | null;
};

export type TryAnswer = Answer<"POST /api/bot/try">;
export type Assistance = Answer<"POST /api/tickets/{id}/assist">;
export type AssistRequest = CallOptions<"POST /api/tickets/{id}/assist">["body"];
export type AssistKind = Assistance["kind"];
export type AssistSource = Assistance["sources"][number];
export type Tone = NonNullable<AssistRequest["tone"]>;

export function saveBot(patch: Partial<BotDraft>): Promise<BotSettings> {
  return client.request("PUT /api/bot", { body: patch as BotPatch });
}

export function tryBot(question: string): Promise<TryAnswer> {
  return client.request("POST /api/bot/try", { body: { question } });
}

export async function makeWebhookSecret(): Promise<string> {
  return (await client.request("POST /api/bot/webhook/secret", { body: {} })).secret;
}

export async function assistKinds(ticketId: string, signal: AbortSignal): Promise<AssistKind[]> {
  return (await client.request("GET /api/tickets/{id}/assist", { path: { id: ticketId }, signal })).kinds;
}

export function assist(ticketId: string, body: AssistRequest): Promise<Assistance> {
  return client.request("POST /api/tickets/{id}/assist", { path: { id: ticketId }, body });
}
