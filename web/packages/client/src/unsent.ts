/** How a message is shown that the server does not have. Used by a conversation. */
import type { User } from "./api.js";
import { ApiError } from "./error.js";
import type { Entry } from "./outbox.js";
import type { ConversationMessage } from "./public.js";

export function showUnsent(entry: Entry, user: User): ConversationMessage {
  const { client_id, message_content, attachments, timestamp, failed } = entry;
  return {
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
}
