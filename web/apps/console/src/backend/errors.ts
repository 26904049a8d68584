// Errors in words for a person.
import { ApiError } from "@smilechat/client";

const WORDS: Record<string, string> = {
  network: "The server could not be reached. Check your connection and try again.",
  invalid_credentials: "These two do not match. Check both, then try again.",
  totp_required: "Enter the code from your authenticator app.",
  token_reused: "Your session has ended. Sign in again.",
  wrong_password: "That is not your current password.",
  username_taken: "That user name is taken.",
  rate_limited: "Too many tries. Wait a moment, then try again.",
  unavailable: "The server is not ready just now. Try again in a moment.",
  forbidden: "Your role does not allow that.",
  not_found: "This is not there, or no longer.",
  last_admin: "Somebody has to stay admin. Make a colleague admin first.",
  invite_used: "This invite was used already. Ask for a new one.",
  conflict: "Somebody else has changed this meanwhile.",
  slug_taken: "Another one has this address already. Choose a different one.",
  too_many_webhooks: "There are as many webhooks as there may be. Delete one, or have one told more.",
  delivery_under_way: "It is being sent just now.",
  import_running: "An import is under way. Wait until it has ended.",
  bot_off: "The bot is switched off, so that it can take no ticket.",
  no_model: "No language model is set up for this.",
  budget_spent: "What the bot may spend is used up for now.",
  model_failed: "The language model did not answer. Try again in a moment.",
  invalid_transition: "The ticket has moved on meanwhile, so that step is not possible any more.",
};

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof ApiError && error.code === code;
}

export function inWords(error: unknown): string {
  if (!(error instanceof ApiError)) return "Something went wrong. Try again.";
  if (error.code === "rate_limited" && error.retryAfter) {
    return `Too many tries. Try again in ${waitLabel(error.retryAfter)}.`;
  }
  const fallback = error.status >= 500 ? "The server had a fault. Try again in a moment." : error.message;
  return WORDS[error.code] ?? error.errors[0]?.message ?? fallback;
}

/** What is wrong with each field of a form, by the field's name on the wire; of a list, with one of its items. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return {};
  return Object.fromEntries(error.errors.map(({ field, message }) => [field.replace(/\[\d+\]$/u, ""), message]));
}

function waitLabel(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}
