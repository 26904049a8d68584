/** Compiled, never run: the types of calls are as narrow as they should be. */
import type { Client, Message, Page, Ticket, User } from "../src/index.js";

export async function typed(client: Client): Promise<void> {
  const page: Page<Ticket> = await client.request("GET /api/tickets", { query: { status: "open" } });
  await client.request("GET /api/tickets");
  const ticket: Ticket = await client.request("GET /api/tickets/{id}", { path: { id: page.data[0]?.ticket_id ?? "" } });
  const messages: Page<Message> = await client.request("GET /api/messages/{id}", { path: { id: ticket.ticket_id } });
  const name: string | undefined = messages.data[0]?.attachments[0]?.name;
  const user: User = await client.request("PUT /api/users/profile", { body: { name } });
  const nothing: undefined = await client.request("DELETE /api/tickets/{id}", { path: { id: user.id } });
  const { mine } = await client.request("GET /api/tickets/counts");
  // @ts-expect-error: no such path
  await client.request("GET /api/ticket");
  // @ts-expect-error: the path needs its id
  await client.request("GET /api/tickets/{id}");
  // @ts-expect-error: the body needs its subject
  await client.request("POST /api/tickets", { body: {} });
  // @ts-expect-error: no such status
  await client.request("GET /api/tickets", { query: { status: 7 } });
  void [nothing, mine];
}
