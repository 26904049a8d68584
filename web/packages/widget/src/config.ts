/**
 * Owns what a page may say (`SmileChatConfig`, `boot`, `update`) and what comes of it together with the server's settings.
 * Used by the loader (types only) and the widget. Invariant: what the page says wins, value by value.
 */

import type { Answer } from "@smilechat/client";

export interface PageConfig {
  apiUrl?: string;
  apiKey?: string;
  /** For pages whose policy forbids constructed style sheets in old browsers; the script's own nonce serves otherwise. */
  nonce?: string;
  name?: string;
  greeting?: string;
  theme?: { primaryColor?: string; mode?: ThemeMode };
  position?: "left" | "right";
  language?: string;
  prechat?: "none" | "optional" | "required";
  quickReplies?: string[];
  sound?: boolean;
}

export type ThemeMode = "auto" | "light" | "dark";

/** One call of `window.SmileChat`. */
export type Call = [command?: unknown, ...rest: unknown[]];

export type ServerSettings = Answer<"GET /api/widget">;

export interface Settings {
  name: string;
  greeting: string;
  primaryColor: string | undefined;
  position: "right" | "left";
  mode: ThemeMode;
  language: string;
  prechat: "none" | "optional" | "required";
  quickReplies: string[];
  sound: boolean;
  /** Null while nobody has told: an older server, or no network. */
  isStaffed: boolean | null;
  staff: { name: string; avatar_url: string | null }[];
}

export function settingsFrom(server: Partial<ServerSettings>, page: PageConfig): Settings {
  return {
    name: page.name ?? server.name ?? "",
    greeting: page.greeting ?? server.greeting ?? "",
    primaryColor: page.theme?.primaryColor ?? server.primary_color,
    position: page.position ?? server.position ?? "right",
    mode: page.theme?.mode ?? server.theme ?? "auto",
    language: page.language ?? server.language ?? "auto",
    prechat: page.prechat ?? server.prechat ?? "none",
    quickReplies: page.quickReplies ?? server.quick_replies ?? [],
    sound: page.sound ?? server.sound ?? true,
    isStaffed: server.is_staffed ?? null,
    staff: server.staff ?? [],
  };
}

export function mergeConfig(before: PageConfig, change: PageConfig): PageConfig {
  return { ...before, ...change, theme: { ...before.theme, ...change.theme } };
}
