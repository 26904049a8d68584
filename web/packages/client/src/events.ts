/** The sockets' events as a host may listen to them. The names and shapes are the wire's (docs/PROTOCOL.md). */
import type { Message, Note, Rating, Role, Status, Ticket } from "./api.js";

export interface ServerEvents {
  chat_message: Message;
  message_read: MessageRead;
  message_delivered: MessageDelivered;
  typing: Typing;
  resync: { ticket_id: string };
  ticket_created: { ticket: Ticket };
  ticket_updated: { ticket: Ticket; changed: string[] };
  ticket_activity: TicketActivity;
  ticket_deleted: { ticket_id: string };
  ticket_note: Note;
  ticket_rated: Rating;
  ticket_viewers: { ticket_id: string; viewers: Viewer[] };
  bot_delta: { ticket_id: string; message_id: string; text: string };
  user_status: UserStatusChanged;
  online_users: OnlineUser[];
  session_expired: { code: string };
}

export type ServerEvent = keyof ServerEvents;

export interface OnlineUser {
  user_id: string;
  username: string;
  name: string;
  role: Role;
  status: Status;
}

/** What is new in a ticket, joined or not. The state by now, not a difference; a busy moment is one event. */
export interface TicketActivity {
  ticket_id: string;
  last_seq: number;
  /** Messages of the other side that one's own side has not read. */
  unread_count: number;
  updated_at: string;
  last_message: LastMessage | null;
}

export interface LastMessage {
  /** Its first 140 characters on one line; empty where it only carries files. */
  text: string;
  sender_id: string;
  sender_role: Role;
  kind: Message["kind"];
  timestamp: string;
}

export interface Viewer {
  user_id: string;
  name: string;
  avatar_url: string | null;
}

export interface Typing {
  ticket_id: string;
  user_id: string;
  name: string;
  is_typing: boolean;
}

export interface MessageRead {
  ticket_id: string;
  reader_id: string;
  up_to_seq: number;
  message_ids: string[];
  read_at: string;
}

export interface MessageDelivered {
  ticket_id: string;
  up_to_seq: number;
  message_ids: string[];
  delivered_at: string;
}

export interface UserStatusChanged {
  user_id: string;
  username: string;
  role: Role;
  status: Status;
  last_active: string;
}

/** What `join_ticket` answers. */
export interface Joined {
  ticket: Ticket;
  messages: Message[];
  last_seq: number;
  has_more: boolean;
  online: OnlineUser[];
}
