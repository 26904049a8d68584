import type { BotDraft } from "../../backend/bot";
import type { SetBot } from "./bot-draft";

/** What each panel of the bot's settings is given. */
export interface PanelParts {
  draft: BotDraft;
  saved: BotDraft;
  set: SetBot;
  /** What is wrong with which field, by its name on the wire. */
  errors: Record<string, string>;
}
