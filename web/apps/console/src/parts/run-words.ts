// What the bot did, in words. Pure.
const OUTCOMES: Record<string, string> = {
  answered: "Answered",
  small_talk: "Small talk",
  asked_back: "Asked back",
  handed_over: "Handed over",
  no_reply: "Said nothing",
};

const REASONS: Record<string, string> = {
  requested: "the customer asked for a person",
  chosen: "the customer wanted a person from the start",
  low_confidence: "no article covers it well enough",
  not_helped: "the answer did not help",
  repeated: "the same answer would have come again",
  not_understood: "there was nothing to search for",
  no_text: "there were files alone",
  bot_off: "the bot was switched off",
  failed: "the server had a fault",
  reopened: "the ticket was opened again",
  staff: "staff pressed the button",
  staff_wrote: "somebody of the staff wrote",
  taken: "somebody of the staff took it",
  model_failed: "the language model failed",
  budget: "what it may spend is used up",
  tool: "the model asked for a person",
  webhook: "your own service asked for a person",
  webhook_failed: "your own service failed",
};

const ERRORS: Record<string, string> = {
  model_timeout: "The model took too long.",
  model_unreachable: "The model's address did not answer.",
  model_rejected: "The model refused the request: look at its key and its name.",
  model_broken: "The model's answer could not be read.",
  waited_too_long: "So many customers asked at once that this one's turn did not come in time.",
  budget: "What the bot may spend was used up.",
};

export function outcomeWords(outcome: string): string {
  return OUTCOMES[outcome] ?? spaced(outcome);
}

export function reasonWords(reason: string): string {
  return REASONS[reason] ?? spaced(reason);
}

export function runErrorWords(code: string): string {
  return ERRORS[code] ?? spaced(code);
}

/** From 0 to 1, as it is set in the settings. */
export function scoreWords(score: number): string {
  return score.toFixed(2);
}

export function latencyWords(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Small sums matter here: what one answer costs is a part of a cent. */
export function costWords(cost: number): string {
  return cost === 0 ? "0" : cost.toLocaleString("en", { maximumSignificantDigits: 2, maximumFractionDigits: 6 });
}

export function tokenWords(input: number, output: number): string {
  return `${input.toLocaleString("en")} tokens in, ${output.toLocaleString("en")} out`;
}

function spaced(word: string): string {
  return word.replaceAll("_", " ");
}
