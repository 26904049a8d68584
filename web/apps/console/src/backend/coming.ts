// Shapes and calls that the API's document does not have yet: the bot's model, what it cost, and the helps for staff. Where a
// server knows nothing of one, what belongs to it is not shown.
import type { BotSettings, Run, RunPassage } from "@smilechat/client";
import { client } from "./client";

export type BotEngine = "passages" | "model" | "webhook";
export type BotTool = "tag" | "priority" | "close" | "look_up" | "hand_over";

export interface BotModel {
  provider: "openai" | "anthropic";
  url: string;
  name: string;
  has_api_key?: boolean;
  /** Write-only. Absent keeps the one that is there, null removes it. */
  api_key?: string | null;
  max_tokens: number;
  deadline_seconds: number;
  temperature: number | null;
  /** Of a million tokens; 0: not counted. */
  input_price: number;
  output_price: number;
}

export interface BotEmbedding {
  url: string;
  name: string;
  has_api_key?: boolean;
  api_key?: string | null;
}

export interface HttpTool {
  name: string;
  description: string;
  url: string;
  parameters: ToolParameter[];
}

export interface ToolParameter {
  name: string;
  type: "string" | "integer" | "number" | "boolean";
  description: string;
  is_required: boolean;
  /** One of these; of strings alone. */
  choices: string[] | null;
}

export interface BotBudget {
  tokens_per_day: number | null;
  tokens_per_visitor_per_day: number | null;
  turns_per_ticket: number | null;
  cost_per_day: number | null;
}

export interface BotWebhook {
  url: string;
  deadline_seconds: number;
  has_secret?: boolean;
}

export interface ModelSettings {
  engine?: BotEngine;
  instructions?: string;
  model?: BotModel | null;
  embedding?: BotEmbedding | null;
  tools?: BotTool[];
  http_tools?: HttpTool[];
  budget?: BotBudget;
  webhook?: BotWebhook | null;
}

export type BotSettingsToCome = BotSettings & ModelSettings;

/** What the run took, where a model or a webhook was asked. */
export interface RunCost {
  engine?: BotEngine;
  model?: string | null;
  input_tokens?: number;
  output_tokens?: number;
  cost?: number;
  tools?: { name: string; arguments: string; result: string }[];
  error?: string | null;
}

export type RunToCome = Run & RunCost;

export interface TryAnswer {
  reply: string | null;
  outcome: string;
  reason: string | null;
  passages: RunPassage[];
  model: string | null;
  input_tokens: number;
  output_tokens: number;
  cost: number;
  latency_ms: number;
  tools?: { name: string; arguments: string; result: string }[];
  error?: string | null;
}

export type AssistKind = "reply" | "summary" | "rewrite" | "translate" | "article";
export type Tone = "friendly" | "formal" | "shorter" | "clearer";

export interface AssistRequest {
  kind: AssistKind;
  text?: string;
  tone?: Tone;
  language?: string;
}

export interface AssistSource {
  slug: string;
  title: string;
  heading: string;
  score: number;
}

export interface Assistance {
  kind: AssistKind;
  text: string;
  title: string | null;
  sources: AssistSource[];
  model: string | null;
  is_marked: true;
}

type Ask = (
  endpoint: string,
  options: { path?: Record<string, string>; body?: object; signal?: AbortSignal },
) => Promise<unknown>;
const ask = client.request as unknown as Ask;

export async function saveBot(patch: Partial<BotSettingsToCome>): Promise<BotSettingsToCome> {
  return (await ask("PUT /api/bot", { body: patch })) as BotSettingsToCome;
}

export async function tryBot(question: string): Promise<TryAnswer> {
  return (await ask("POST /api/bot/try", { body: { question } })) as TryAnswer;
}

export async function makeWebhookSecret(): Promise<string> {
  return ((await ask("POST /api/bot/webhook/secret", { body: {} })) as { secret: string }).secret;
}

export async function assistKinds(ticketId: string, signal: AbortSignal): Promise<AssistKind[]> {
  const path = { id: ticketId };
  return ((await ask("GET /api/tickets/{id}/assist", { path, signal })) as { kinds: AssistKind[] }).kinds;
}

export async function assist(ticketId: string, body: AssistRequest): Promise<Assistance> {
  return (await ask("POST /api/tickets/{id}/assist", { path: { id: ticketId }, body })) as Assistance;
}
