// Rooms, presence, typing and messages over Socket.IO.

import { Server } from "socket.io";

import { send, visible } from "./tickets.mjs";

export function attachSockets(server, store, keys) {
  const io = new Server(server, { serveClient: false, maxHttpBufferSize: 1e6 });
  const online = new Map();
  const room = (ticketId) => `ticket:${ticketId}`;
  const live = {
    toRoom: (ticketId, event, payload) => io.to(room(ticketId)).emit(event, payload),
    ticketUpdated: (ticket, changed) => io.to([room(ticket.ticket_id), "staff"]).emit("ticket_updated", { ticket, changed }),
    close: () => io.close(),
  };

  io.use((socket, next) => {
    try {
      socket.data.caller = keys.verify(socket.handshake.auth.token);
      next();
    } catch {
      next(new Error("unauthorized"));
    }
  });

  io.on("connection", (socket) => {
    const { caller } = socket.data;
    if (caller.isStaff) socket.join("staff");
    const tabs = online.get(caller.id)?.tabs ?? 0;
    online.set(caller.id, { caller, tabs: tabs + 1 });
    if (tabs === 0) showStatus(caller, "online");
    socket.emit("online_users", list(caller));
    socket.on("disconnect", () => {
      const left = online.get(caller.id).tabs - 1;
      if (left > 0) return online.set(caller.id, { caller, tabs: left });
      online.delete(caller.id);
      showStatus(caller, "offline");
    });

    on("join_ticket", async ({ ticket_id, after_seq }) => {
      const ticket = await visible(store, caller, ticket_id);
      socket.join(room(ticket_id));
      const isFirst = after_seq === undefined;
      const limit = isFirst ? 50 : 200;
      const found = isFirst
        ? await store.listBefore(ticket_id, 2 ** 52, limit + 1)
        : await store.listAfter(ticket_id, after_seq, limit + 1);
      const messages = found.slice(0, limit);
      if (isFirst) messages.reverse();
      return { ticket, messages, last_seq: ticket.last_seq, has_more: found.length > limit, online: list(caller) };
    });
    on("leave_ticket", async ({ ticket_id }) => {
      socket.leave(room(ticket_id));
      return { ok: true };
    });
    on("chat_message", async (message) => ({ message: await send(store, live, caller, message) }));
    on("typing", async ({ ticket_id, is_typing }) => {
      if (!socket.rooms.has(room(ticket_id))) await visible(store, caller, ticket_id);
      socket.to(room(ticket_id)).emit("typing", { ticket_id, user_id: caller.id, name: caller.name, is_typing });
      return { ok: true };
    });

    function on(event, handle) {
      socket.on(event, async (payload, ack) => {
        try {
          const answer = await handle(payload ?? {});
          ack?.(answer);
        } catch (error) {
          if (!error.code) console.error(error);
          ack?.({ error: { code: error.code ?? "internal", message: error.message } });
        }
      });
    }
  });

  function showStatus(caller, status) {
    const last_active = new Date().toISOString();
    io.to("staff").emit("user_status", { user_id: caller.id, username: caller.name, role: caller.role, status, last_active });
  }

  /** Staff see everybody, customers see staff. */
  function list(caller) {
    const seen = [...online.values()].filter((one) => caller.isStaff || one.caller.isStaff);
    return seen.map(({ caller: { id, name, role } }) => ({ user_id: id, username: name, name, role, status: "online" }));
  }
  return live;
}
