import type { AuditEntry, ConversationMessage, Note, Ticket } from "../src/backend/types";

export function ticket(patch: Partial<Ticket> = {}): Ticket {
  return {
    ticket_id: "t1",
    number: 1,
    subject: "A torn bag",
    customer_id: "maria",
    support_id: null,
    bot_state: null,
    status: "open",
    priority: "medium",
    tags: [],
    channel: "web",
    custom: {},
    last_seq: 1,
    unread_count: 0,
    created_at: "2026-03-01T08:00:00.000Z",
    updated_at: "2026-03-01T08:00:00.000Z",
    closed_at: null,
    ...patch,
  };
}

export function at(minute: number): string {
  return new Date(Date.UTC(2026, 2, 1, 12, minute)).toISOString();
}

export function message(seq: number, patch: Partial<ConversationMessage> = {}): ConversationMessage {
  return {
    key: `m${seq}`,
    state: "received",
    own: false,
    message_id: `m${seq}`,
    seq,
    sender: { id: "maria", name: "Maria", role: "customer", avatar_url: null },
    message_content: `message ${seq}`,
    kind: "text",
    attachments: [],
    timestamp: at(seq),
    error: null,
    ...patch,
  };
}

export function note(minute: number): Note {
  return { note_id: `n${minute}`, ticket_id: "t1", author_id: "ben", body: "a note", timestamp: at(minute) };
}

export function entry(minute: number, patch: Partial<AuditEntry> = {}): AuditEntry {
  return {
    kind: "ticket_updated",
    actor_id: "ben",
    actor_name: "Ben",
    ticket_id: "t1",
    data: { status: "closed" },
    timestamp: at(minute),
    ...patch,
  };
}
