// Tickets and messages over HTTP, and sending, which the sockets share.

import { randomUUID } from "node:crypto";

import { Router } from "express";

import { Refusal, signedIn } from "./auth.mjs";

export function ticketRoutes(store, keys, live) {
  const routes = Router();
  routes.use(signedIn(keys));

  routes.get("/tickets", async ({ caller, query }, answer) => {
    const limit = limitOf(query);
    const before = query.cursor ? JSON.parse(Buffer.from(query.cursor, "base64url").toString()) : undefined;
    answer.json(page(await store.listTickets(caller, before, limit + 1), limit, (last) => [last.updated_at, last.ticket_id]));
  });

  routes.post("/tickets", async ({ caller, body }, answer) => {
    const { subject, message_content, priority = "medium" } = body ?? {};
    if (typeof subject !== "string" || !subject) throw new Refusal(422, "invalid");
    const ticket = await store.insertTicket(caller, { ticketId: randomUUID(), subject, priority }, Date.now());
    if (message_content) await send(store, live, caller, { ticket_id: ticket.ticket_id, message_content });
    answer.status(201).json(ticket);
  });

  routes.get("/tickets/:id", async ({ caller, params }, answer) => {
    answer.json(await visible(store, caller, params.id));
  });

  routes.get("/messages/:id", async ({ caller, params, query }, answer) => {
    const limit = limitOf(query);
    await visible(store, caller, params.id);
    if (query.after_seq !== undefined) {
      const found = await store.listAfter(params.id, Number(query.after_seq), limit + 1);
      return answer.json(page(found, limit, (last) => last.seq));
    }
    const found = page(await store.listBefore(params.id, Number(query.before_seq ?? 2 ** 52), limit + 1), limit, (last) => last.seq);
    found.data.reverse();
    answer.json(found);
  });

  routes.post("/messages/:id", async ({ caller, params, body }, answer) => {
    answer.status(201).json(await send(store, live, caller, { ...body, ticket_id: params.id }));
  });
  return routes;
}

/** Stores the message, on disk, and shows it to the room. */
export async function send(store, live, caller, { ticket_id, message_content, client_id = null }) {
  const isText = typeof message_content === "string" && message_content.trim() && message_content.length <= 10_000;
  if (typeof ticket_id !== "string" || !isText || (client_id !== null && typeof client_id !== "string")) {
    throw new Refusal(422, "invalid");
  }
  const sent = await store.send(caller, { ticketId: ticket_id, content: message_content, clientId: client_id }, Date.now());
  if (!sent) throw new Refusal(404, "not_found");
  if (sent.isNew) live.toRoom(ticket_id, "chat_message", sent.message);
  if (sent.hasMoved) live.ticketUpdated(await store.findTicket(caller, ticket_id), ["status", "support_id"]);
  return sent.message;
}

export async function visible(store, caller, ticketId) {
  const ticket = await store.findTicket(caller, ticketId);
  if (!ticket) throw new Refusal(404, "not_found");
  return ticket;
}

function limitOf(query) {
  const limit = Number(query.limit ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) throw new Refusal(422, "invalid");
  return limit;
}

function page(found, limit, place) {
  const data = found.slice(0, limit);
  const hasMore = found.length > limit;
  const next_cursor = hasMore ? Buffer.from(JSON.stringify(place(data.at(-1)))).toString("base64url") : null;
  return { data, next_cursor };
}
