// @vitest-environment happy-dom
import type { ConnectionState, Conversation, ConversationMessage } from "@smilechat/client";
import { expect, test } from "vitest";
import { watchArrivals } from "../src/arrivals";
import { value } from "../src/observable";

function message(seq: number | null, own = false): ConversationMessage {
  return {
    key: String(seq),
    state: own ? "sent" : "received",
    own,
    message_id: null,
    seq,
    sender: { id: own ? "me" : "ben", name: own ? "Me" : "Ben", role: own ? "customer" : "support", avatar_url: null },
    message_content: `text ${seq}`,
    kind: "text",
    attachments: [],
    timestamp: "2026-03-02T12:00:00.000Z",
    error: null,
  };
}

function conversation(ticket: string | null) {
  const messages = value<readonly ConversationMessage[]>([]);
  const connection = value<ConnectionState>("offline");
  const ticketId = value(ticket);
  const arrived: string[] = [];
  const end = watchArrivals({ messages, connection, ticketId } as unknown as Conversation, (one) =>
    arrived.push(one.key),
  );
  return { messages, connection, arrived, end };
}

test("history is no arrival, what follows it is, once each", () => {
  const { messages, connection, arrived } = conversation("t1");
  messages.set([message(1), message(2)]);
  connection.set("live");
  messages.set([message(1), message(2), message(3)]);
  messages.set([message(1), message(2), message(3), message(null, true)]);
  messages.set([message(1), message(2), message(3), message(4, true), message(5)]);
  expect(arrived).toEqual(["3", "5"]);
});

test("what was missed while away arrives, what is older does not", () => {
  const { messages, connection, arrived } = conversation("t1");
  messages.set([message(8)]);
  connection.set("live");
  connection.set("offline");
  messages.set([message(6), message(7), message(8)]);
  messages.set([message(6), message(7), message(8), message(9), message(10)]);
  connection.set("live");
  expect(arrived).toEqual(["9", "10"]);
});

test("in a new conversation everything of others arrives", () => {
  const { messages, connection, arrived } = conversation(null);
  messages.set([message(null, true)]);
  messages.set([message(1, true), message(2)]);
  connection.set("live");
  expect(arrived).toEqual(["2"]);
});

test("the page hears of own messages too, and of none after the end", () => {
  const heard: string[] = [];
  document.addEventListener("smilechat:message", (event) => {
    const { text, own } = (event as CustomEvent).detail;
    heard.push(`${text} ${own}`);
  });
  const { messages, end } = conversation(null);
  messages.set([message(1, true), message(2)]);
  end();
  messages.set([message(1, true), message(2), message(3)]);
  expect(heard).toEqual(["text 1 true", "text 2 false"]);
});
