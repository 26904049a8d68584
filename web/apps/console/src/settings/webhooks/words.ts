// Webhooks in words: what they are told, how they stand, how an attempt went. Pure.
import type { Tone } from "../../parts/Badge";
import { latencyWords } from "../../parts/run-words";
import { fullTime, sinceWhen } from "../../parts/time";
import type { Attempt, Delivery, DeliveryState, Webhook, WebhookType } from "./queries";

export const TYPES: { value: WebhookType; label: string }[] = [
  { value: "ticket.created", label: "A ticket is opened" },
  { value: "ticket.updated", label: "A ticket is changed" },
  { value: "ticket.assigned", label: "A ticket is given to somebody" },
  { value: "ticket.closed", label: "A ticket is closed" },
  { value: "ticket.rated", label: "A customer rates a ticket" },
  { value: "ticket.deleted", label: "A ticket is deleted" },
  { value: "message.sent", label: "A message is sent" },
  { value: "note.added", label: "A private note is added" },
  { value: "user.registered", label: "An account is made" },
];

export const STATES: { value: DeliveryState; label: string; tone: Tone }[] = [
  { value: "pending", label: "To be sent", tone: "warn" },
  { value: "waiting", label: "Behind another", tone: "quiet" },
  { value: "delivered", label: "Delivered", tone: "good" },
  { value: "failed", label: "Given up", tone: "bad" },
];

const FAILURES: Record<string, string> = {
  unreachable: "The address could not be reached",
  timeout: "No answer came in time",
  refused_address: "The address is no public one",
  server_error: "The receiver had a fault of its own",
  not_authorized: "The receiver does not let us in",
  rate_limited: "The receiver wants to be called less often",
  rejected: "The receiver did not take it",
  broken: "The answer broke off",
};

/** Why the server switched one off. */
const REASONS: Record<string, string> = {
  gone: "its receiver answered 410, that it is gone for good",
  failing: "every attempt had failed for five days",
};

export function typesWords(types: WebhookType[]): string {
  if (types.length === 0) return "Everything but private notes";
  return types.join(", ");
}

export interface StandingWords {
  label: string;
  tone: Tone;
  /** What else there is to say of it. */
  why: string | null;
}

export function standingWords(webhook: Webhook, now = Date.now()): StandingWords {
  const { is_enabled, disabled_reason, failing_since } = webhook;
  if (!is_enabled) {
    const reason = disabled_reason && (REASONS[disabled_reason] ?? spaced(disabled_reason));
    return { label: "Off", tone: "quiet", why: reason ? `Switched off by the server: ${reason}.` : null };
  }
  if (failing_since) {
    return { label: "Failing", tone: "bad", why: `Every attempt fails, first ${sinceWhen(failing_since, now)}.` };
  }
  return { label: "On", tone: "good", why: null };
}

/** How a try went, in a sentence. */
export function attemptWords({ status, error, ms }: Attempt): string {
  const took = latencyWords(ms);
  return error === null
    ? `Delivered: answered ${status} in ${took}.`
    : `${failureWords(error, status)}, after ${took}.`;
}

/** How the last attempt of a delivery went; null if there was none. */
export function lastWords({ last_status, last_error, last_ms }: Delivery): string | null {
  const took = last_ms === null ? null : latencyWords(last_ms);
  if (last_error !== null) return failureWords(last_error, last_status);
  if (last_status === null) return null;
  return took === null ? `Answered ${last_status}` : `Answered ${last_status} in ${took}`;
}

export function attemptsWords(attempts: number): string {
  return attempts === 1 ? "1 attempt" : `${attempts} attempts`;
}

/** Whether an attempt is under way just now. */
export function isUnderWay({ state, next_at }: Delivery): boolean {
  return state === "pending" && next_at === null;
}

/** When it is sent next, or what it waits for. */
export function nextWords(delivery: Delivery, { is_enabled }: Webhook, now = Date.now()): string | null {
  const { state, next_at } = delivery;
  if (state !== "pending" && state !== "waiting") return null;
  if (isUnderWay(delivery)) return "Being sent just now";
  if (!is_enabled) return "Waits until the webhook is on again";
  if (state === "waiting") return "An earlier one of its ticket comes first";
  if (next_at === null || Date.parse(next_at) <= now) return "On its way";
  const isNear = Date.parse(next_at) <= now + 60_000;
  return isNear ? "Sent again within a minute" : `Next attempt ${fullTime(next_at)}`;
}

/** The body as it is read best; as it is where it is no JSON. */
export function bodyWords(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function failureWords(error: string, status: number | null): string {
  const words = FAILURES[error] ?? spaced(error);
  return status === null ? words : `${words}: it answered ${status}`;
}

function spaced(word: string): string {
  return word.replaceAll("_", " ");
}
