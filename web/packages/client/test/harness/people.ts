/** Clients of people who exist for one test. */
import { onTestFinished } from "vitest";
import { type Client, type ClientOptions, type Conversation, createClient, type Ticket } from "../../src/index.js";
import { password, type Server } from "./server.js";

let count = 0;

export const freshName = (kind: string) => `${kind}-${process.pid}-${++count}`;

/** A client that ends with the test. */
export function client(options: ClientOptions): Client {
  const made = createClient(options);
  onTestFinished(() => made.close());
  return made;
}

export async function customer(options: ClientOptions): Promise<Client> {
  const made = client(options);
  await made.session.register({ username: freshName("customer"), password, name: "Maria" });
  return made;
}

export async function support(server: Server, options: Partial<ClientOptions> = {}): Promise<Client> {
  const username = freshName("support");
  server.createStaff(username);
  const made = client({ url: server.url, ...options });
  await made.session.login({ username, password });
  return made;
}

export const newTicket = (of: Client, subject = "Where is my parcel?"): Promise<Ticket> =>
  of.request("POST /api/tickets", { body: { subject } });

/** What a conversation shows, in short. */
export const shown = (conversation: Conversation) =>
  conversation.messages.get().map(({ state, message_content }) => `${state} ${message_content}`);

export const texts = (conversation: Conversation) =>
  conversation.messages.get().map(({ message_content }) => message_content);

export const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, place) => `message ${from + place}`);
