/** How a message is shown that the server does not have. Used by a conversation. */
import type { User } from "./api.js";
import { ApiError } from "./error.js";
import type { Entry } from "./outbox.js";
import type { ConversationMessage } from "./public.js";

const shown = new WeakMap<Entry, ConversationMessage>();

/** The same object for the same entry, so that a page need not draw it again. */
export function showUnsent(entry: Entry, user: User): ConversationMessage {
  const known = shown.get(entry);
  if (known) return known;
  const { client_id, message_content, attachments, timestamp, failed } = entry;
  const made: ConversationMessage = {
    key: client_id,
    state: failed ? "failed" : "sending",
    own: true,
    message_id: null,
    seq: null,
    sender: { id: user.id, name: user.name, role: user.role, avatar_url: user.avatar_url },
    message_content,
    kind: "text",
    attachments,
    timestamp,
    error: failed && new ApiError(failed.status, failed.code, failed.message, failed.errors),
  };
  shown.set(entry, made);
  return made;
}
