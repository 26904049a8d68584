import type { ConversationMessage, MessageState } from "@smilechat/client";
import { expect, test } from "vitest";
import { untilStored } from "../src/conversation/until-stored";
import { message } from "./fixtures";

/** Messages that change when they are told. */
function conversation() {
  let now: readonly ConversationMessage[] = [];
  const listeners = new Set<(messages: readonly ConversationMessage[]) => void>();
  return {
    messages: {
      get: () => now,
      subscribe(listener: (messages: readonly ConversationMessage[]) => void) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    listeners,
    show(...states: MessageState[]) {
      now = states.map((state, place) => message(place + 1, { key: `k${place + 1}`, state, own: true }));
      for (const listener of [...listeners]) listener(now);
    },
  };
}

/** What it comes to; "waiting" as long as it has come to nothing. */
const outcome = (stored: Promise<boolean>) => Promise.race([stored, Promise.resolve("waiting")]);

test.each<[string, MessageState[], boolean]>([
  ["stored", ["sent"], true],
  ["read at once", ["read"], true],
  ["refused", ["failed"], false],
  ["discarded", [], false],
])("a message that is %s", async (_, states, expected) => {
  const talk = conversation();
  talk.show("sending");
  const stored = untilStored(talk, "k1");
  expect(await outcome(stored)).toBe("waiting");
  talk.show("sending", "sent");
  expect(await outcome(stored)).toBe("waiting");
  talk.show(...states);
  expect(await stored).toBe(expected);
  expect(talk.listeners.size).toBe(0);
});

test("one that is stored by now is not waited for", async () => {
  const talk = conversation();
  talk.show("sent");
  expect(await untilStored(talk, "k1")).toBe(true);
});
