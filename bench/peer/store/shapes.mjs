// From rows to what clients see, for both databases.

const time = (millis) => (millis === null ? null : new Date(Number(millis)).toISOString());

export function ticketOf(row, caller) {
  return {
    ticket_id: row.ticket_id,
    number: Number(row.number),
    subject: row.subject,
    customer_id: row.customer_id,
    support_id: row.support_id,
    status: row.status,
    priority: row.priority,
    tags: [],
    channel: "web",
    custom: {},
    last_seq: Number(row.last_seq),
    unread_count: Number(caller.isStaff ? row.staff_unread : row.customer_unread),
    created_at: time(row.created_at),
    updated_at: time(row.updated_at),
    closed_at: time(row.closed_at),
  };
}

export function messageOf(row) {
  return {
    message_id: String(row.message_id),
    ticket_id: row.ticket_id,
    sender_id: row.sender_id,
    sender: { id: row.sender_id, name: row.name, role: row.role, avatar_url: null },
    seq: Number(row.seq),
    message_content: row.message_content,
    kind: "text",
    attachments: [],
    client_id: row.client_id,
    is_read: Boolean(row.is_read),
    read_at: time(row.read_at),
    delivered_at: null,
    timestamp: time(row.timestamp),
  };
}

/** Where a ticket goes with a new message: staff who reply take it, a customer's message reopens it. */
export function moved(ticket, caller) {
  const { status, support_id } = ticket;
  if (caller.isStaff && status === "open") return { status: "in_progress", supportId: support_id ?? caller.id };
  if (!caller.isStaff && status === "closed") return { status: "open", supportId: support_id };
  return { status, supportId: support_id };
}
