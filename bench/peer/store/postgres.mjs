// PostgreSQL by pg: a pool, named (prepared) statements, one round trip for each call, the send among them.

import pg from "pg";

// Milliseconds since 1970 and counts come as bigint, which pg would give as text.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

import { Refusal } from "../auth.mjs";
import { messageOf, ticketOf } from "./shapes.mjs";

const schema = `
  create table if not exists users (
    id text primary key, username text not null unique, name text not null, role text not null,
    password_hash text not null, created_at bigint not null
  );
  create table if not exists sessions (
    token_hash bytea primary key, user_id text not null references users (id), created_at bigint not null
  );
  create table if not exists tickets (
    number bigint generated always as identity, ticket_id text primary key, subject text not null,
    customer_id text not null references users (id), support_id text references users (id),
    status text not null, priority text not null, last_seq bigint not null default 0,
    customer_unread bigint not null default 0, staff_unread bigint not null default 0,
    created_at bigint not null, updated_at bigint not null, closed_at bigint
  );
  create index if not exists tickets_by_activity on tickets (updated_at, ticket_id);
  create index if not exists tickets_by_customer on tickets (customer_id, updated_at, ticket_id);
  create table if not exists messages (
    message_id bigint generated always as identity, ticket_id text not null references tickets (ticket_id),
    seq bigint not null, sender_id text not null references users (id), message_content text not null, client_id text,
    is_read boolean not null default false, read_at bigint, timestamp bigint not null,
    primary key (ticket_id, seq)
  );
  create unique index if not exists messages_by_client on messages (ticket_id, sender_id, client_id) where client_id is not null;
`;

const messages = "select m.*, u.name, u.role from messages m join users u on u.id = m.sender_id";

const statements = {
  insertUser: "insert into users values ($1, $2, $3, $4, $5, $6)",
  userByName: `select id, username, name, role, password_hash as "passwordHash", created_at as "createdAt" from users
     where username = $1`,
  insertSession: "insert into sessions values ($1, $2, $3)",
  insertTicket: `insert into tickets (ticket_id, subject, customer_id, status, priority, created_at, updated_at)
     values ($1, $2, $3, 'open', $4, $5, $5) returning *`,
  ticket: "select * from tickets where ticket_id = $1",
  ticketsOfCustomer: `select * from tickets where customer_id = $4 and (updated_at, ticket_id) < ($1::bigint, $2)
     order by updated_at desc, ticket_id desc limit $3`,
  tickets: `select * from tickets where (updated_at, ticket_id) < ($1::bigint, $2)
     order by updated_at desc, ticket_id desc limit $3`,
  after: `${messages} where m.ticket_id = $1 and m.seq > $2 order by m.seq limit $3`,
  before: `${messages} where m.ticket_id = $1 and m.seq < $2 order by m.seq desc limit $3`,
  byClientId: `${messages} where m.ticket_id = $1 and m.sender_id = $2 and m.client_id = $3`,
  // The row lock of `old` keeps the sends to one ticket apart; a client_id that is taken undoes it all.
  send: `with old as (
       select ticket_id, status from tickets where ticket_id = $1 and ($3 or customer_id = $2) for no key update
     ), advanced as (
       update tickets t set last_seq = t.last_seq + 1,
         customer_unread = t.customer_unread + case when $3 then 1 else 0 end,
         staff_unread = t.staff_unread + case when $3 then 0 else 1 end,
         status = case when $3 and t.status = 'open' then 'in_progress'
           when not $3 and t.status = 'closed' then 'open' else t.status end,
         support_id = case when $3 and t.status = 'open' then coalesce(t.support_id, $2) else t.support_id end,
         updated_at = greatest(t.updated_at + 1, $6)
       from old where t.ticket_id = old.ticket_id returning t.ticket_id, t.last_seq, t.status <> old.status as has_moved
     ), stored as (
       insert into messages (ticket_id, seq, sender_id, message_content, client_id, timestamp)
       select ticket_id, last_seq, $2, $4, $5, $6 from advanced returning message_id, seq
     )
     select stored.message_id, stored.seq, advanced.has_moved from stored, advanced`,
};

export async function openPostgres(url) {
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  await pool.query(schema);
  const run = (name, ...values) => pool.query({ name, text: statements[name], values });
  const first = async (name, ...values) => (await run(name, ...values)).rows[0];

  return {
    async send(caller, { ticketId, content, clientId }, now) {
      try {
        const sent = await first("send", ticketId, caller.id, caller.isStaff, content, clientId, now);
        if (!sent) return undefined;
        const { message_id, seq, has_moved } = sent;
        const own = { sender_id: caller.id, name: caller.name, role: caller.role, is_read: false, read_at: null };
        const row = { message_id, seq, ticket_id: ticketId, message_content: content, client_id: clientId, timestamp: now, ...own };
        return { isNew: true, hasMoved: has_moved, message: messageOf(row) };
      } catch (error) {
        if (error.code !== "23505") throw error;
        return { isNew: false, hasMoved: false, message: messageOf(await first("byClientId", ticketId, caller.id, clientId)) };
      }
    },
    async insertUser({ id, username, name, role, passwordHash }, now) {
      await run("insertUser", id, username, name, role, passwordHash, now).catch((error) => {
        throw error.code === "23505" ? new Refusal(409, "username_taken") : error;
      });
    },
    findUserByName: (username) => first("userByName", username),
    insertSession: (tokenHash, userId, now) => run("insertSession", tokenHash, userId, now),
    async insertTicket(caller, { ticketId, subject, priority }, now) {
      return ticketOf(await first("insertTicket", ticketId, subject, caller.id, priority, now), caller);
    },
    async findTicket(caller, ticketId) {
      const row = await first("ticket", ticketId);
      return row && (caller.isStaff || row.customer_id === caller.id) ? ticketOf(row, caller) : undefined;
    },
    async listTickets(caller, before, limit) {
      const values = [before ? Date.parse(before[0]) : 2 ** 52, before?.[1] ?? "", limit];
      const found = await (caller.isStaff ? run("tickets", ...values) : run("ticketsOfCustomer", ...values, caller.id));
      return found.rows.map((row) => ticketOf(row, caller));
    },
    listAfter: async (ticketId, seq, limit) => (await run("after", ticketId, seq, limit)).rows.map(messageOf),
    listBefore: async (ticketId, seq, limit) => (await run("before", ticketId, seq, limit)).rows.map(messageOf),
    close: () => pool.end(),
  };
}
