// SQLite by better-sqlite3: synchronous calls on the one thread, as its authors recommend; each send is a transaction that
// is on disk when it returns.

import Database from "better-sqlite3";

import { messageOf, moved, ticketOf } from "./shapes.mjs";

const schema = `
  create table if not exists users (
    id text primary key, username text not null unique, name text not null, role text not null,
    password_hash text not null, created_at integer not null
  ) without rowid;
  create table if not exists sessions (
    token_hash blob primary key, user_id text not null references users (id), created_at integer not null
  ) without rowid;
  create table if not exists tickets (
    number integer primary key, ticket_id text not null unique, subject text not null,
    customer_id text not null references users (id), support_id text references users (id),
    status text not null, priority text not null, last_seq integer not null default 0,
    customer_unread integer not null default 0, staff_unread integer not null default 0,
    created_at integer not null, updated_at integer not null, closed_at integer
  );
  create index if not exists tickets_by_activity on tickets (updated_at, ticket_id);
  create index if not exists tickets_by_customer on tickets (customer_id, updated_at, ticket_id);
  create table if not exists messages (
    message_id integer primary key, ticket_id text not null references tickets (ticket_id), seq integer not null,
    sender_id text not null references users (id), message_content text not null, client_id text,
    is_read integer not null default 0, read_at integer, timestamp integer not null,
    unique (ticket_id, seq)
  );
  create unique index if not exists messages_by_client on messages (ticket_id, sender_id, client_id) where client_id is not null;
`;

export function openSqlite(file) {
  const db = new Database(file);
  db.pragma("journal_mode = wal");
  db.pragma("synchronous = full");
  db.pragma("foreign_keys = on");
  db.exec(schema);

  const statements = {
    insertUser: db.prepare("insert into users values (?, ?, ?, ?, ?, ?)"),
    userByName: db.prepare(
      `select id, username, name, role, password_hash as passwordHash, created_at as createdAt from users where username = ?`,
    ),
    insertSession: db.prepare("insert into sessions values (?, ?, ?)"),
    insertTicket: db.prepare(
      `insert into tickets (ticket_id, subject, customer_id, status, priority, created_at, updated_at)
       values (@ticketId, @subject, @customer, 'open', @priority, @now, @now)`,
    ),
    ticket: db.prepare("select * from tickets where ticket_id = ?"),
    ticketsOfCustomer: db.prepare(
      `select * from tickets where customer_id = @caller and (updated_at, ticket_id) < (@time, @id)
       order by updated_at desc, ticket_id desc limit @limit`,
    ),
    tickets: db.prepare(
      `select * from tickets where (updated_at, ticket_id) < (@time, @id)
       order by updated_at desc, ticket_id desc limit @limit`,
    ),
    after: db.prepare(
      `select m.*, u.name, u.role from messages m join users u on u.id = m.sender_id
       where m.ticket_id = ? and m.seq > ? order by m.seq limit ?`,
    ),
    before: db.prepare(
      `select m.*, u.name, u.role from messages m join users u on u.id = m.sender_id
       where m.ticket_id = ? and m.seq < ? order by m.seq desc limit ?`,
    ),
    byClientId: db.prepare(
      `select m.*, u.name, u.role from messages m join users u on u.id = m.sender_id
       where m.ticket_id = ? and m.sender_id = ? and m.client_id = ?`,
    ),
    insertMessage: db.prepare(
      `insert into messages (ticket_id, seq, sender_id, message_content, client_id, timestamp) values (?, ?, ?, ?, ?, ?)
       on conflict (ticket_id, sender_id, client_id) where client_id is not null do nothing`,
    ),
    advance: db.prepare(
      `update tickets set last_seq = last_seq + 1, customer_unread = customer_unread + @forCustomer,
         staff_unread = staff_unread + @forStaff, status = @status, support_id = @supportId,
         updated_at = max(updated_at + 1, @now) where ticket_id = @ticketId`,
    ),
  };

  const send = db.transaction((caller, { ticketId, content, clientId }, now) => {
    const ticket = statements.ticket.get(ticketId);
    if (!ticket || !(caller.isStaff || ticket.customer_id === caller.id)) return undefined;
    const seq = ticket.last_seq + 1;
    const { changes, lastInsertRowid } = statements.insertMessage.run(ticketId, seq, caller.id, content, clientId, now);
    if (changes === 0) {
      return { isNew: false, hasMoved: false, message: messageOf(statements.byClientId.get(ticketId, caller.id, clientId)) };
    }
    const [forCustomer, forStaff] = caller.isStaff ? [1, 0] : [0, 1];
    const to = moved(ticket, caller);
    statements.advance.run({ ticketId, now, forCustomer, forStaff, ...to });
    const message = messageOf({
      message_id: lastInsertRowid,
      ticket_id: ticketId,
      sender_id: caller.id,
      name: caller.name,
      role: caller.role,
      seq,
      message_content: content,
      client_id: clientId,
      is_read: 0,
      read_at: null,
      timestamp: now,
    });
    return { isNew: true, hasMoved: to.status !== ticket.status, message };
  }).immediate;

  return {
    send,
    insertUser: ({ id, username, name, role, passwordHash }, now) =>
      statements.insertUser.run(id, username, name, role, passwordHash, now),
    findUserByName: (username) => statements.userByName.get(username),
    insertSession: (tokenHash, userId, now) => statements.insertSession.run(tokenHash, userId, now),
    insertTicket(caller, ticket, now) {
      statements.insertTicket.run({ ...ticket, customer: caller.id, now });
      return ticketOf(statements.ticket.get(ticket.ticketId), caller);
    },
    findTicket(caller, ticketId) {
      const row = statements.ticket.get(ticketId);
      return row && (caller.isStaff || row.customer_id === caller.id) ? ticketOf(row, caller) : undefined;
    },
    listTickets(caller, before, limit) {
      const [time, id] = before ? [Date.parse(before[0]), before[1]] : [2 ** 52, ""];
      const list = caller.isStaff ? statements.tickets : statements.ticketsOfCustomer;
      const values = { time, id, limit };
      return list.all(caller.isStaff ? values : { ...values, caller: caller.id }).map((row) => ticketOf(row, caller));
    },
    listAfter: (ticketId, seq, limit) => statements.after.all(ticketId, seq, limit).map(messageOf),
    listBefore: (ticketId, seq, limit) => statements.before.all(ticketId, seq, limit).map(messageOf),
    close: () => db.close(),
  };
}
