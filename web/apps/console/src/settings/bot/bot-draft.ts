// How the bot is set, while somebody changes it, and what of that the server is told. Pure.
import type { BotDraft, BotEmbedding, BotModel, BotWebhook, HttpTool, ToolParameter } from "../../backend/bot";

export type SetBot = (patch: Partial<BotDraft>) => void;

export const NEW_MODEL: BotModel = {
  provider: "openai",
  url: "https://api.openai.com/v1",
  name: "",
  has_api_key: false,
  max_tokens: 700,
  deadline_seconds: 20,
  temperature: null,
  input_price: 0,
  output_price: 0,
};

export const PROVIDER_URLS: Record<BotModel["provider"], string> = {
  openai: "https://api.openai.com/v1",
  anthropic: "https://api.anthropic.com/v1",
};

export const NEW_EMBEDDING: BotEmbedding = {
  url: "https://api.openai.com/v1",
  name: "",
  has_api_key: false,
  threshold: null,
};
export const NEW_WEBHOOK: BotWebhook = { url: "", deadline_seconds: 10, has_secret: false };
export const NEW_TOOL: HttpTool = { name: "", description: "", url: "", parameters: [] };
export const NEW_PARAMETER: ToolParameter = {
  name: "",
  type: "string",
  description: "",
  is_required: true,
  choices: null,
};

/** What differs from how it is saved. What the server tells of secrets is not told back. */
export function botChanges(saved: BotDraft, draft: BotDraft): Partial<BotDraft> {
  const fields = Object.entries(draft) as [keyof BotDraft, unknown][];
  const changed = fields.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(saved[name]));
  return Object.fromEntries(changed.map(([name, value]) => [name, withoutMarks(value)]));
}

/** The key that the server keeps is for the saved address: with another one it is to be given again. */
export function needsKeyAgain(saved: { url: string; has_api_key?: boolean } | null | undefined, url: string): boolean {
  return Boolean(saved?.has_api_key) && originOf(saved?.url ?? "") !== originOf(url);
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}

function withoutMarks(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const { has_api_key: _, has_secret: __, ...rest } = value as Record<string, unknown>;
  return rest;
}
