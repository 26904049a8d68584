// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { BotDraft } from "../src/backend/bot";
import { followBotDelta } from "../src/conversation/bot-delta";
import { splitSource } from "../src/conversation/bot-source";
import { inserted, suggestionWords } from "../src/conversation/suggestion";
import { costWords, latencyWords, outcomeWords, reasonWords, runErrorWords } from "../src/parts/run-words";
import { botChanges, NEW_MODEL, needsKeyAgain } from "../src/settings/bot/bot-draft";
import { fault, likeMonday, tidyTime, withDay } from "../src/settings/bot/hours";
import { isArrival } from "../src/tickets/arrivals";
import { canGiveBack } from "../src/tickets/give-back";
import { historyWords, isTold } from "../src/tickets/history-words";
import { anticipate } from "../src/tickets/save";
import { entry, ticket } from "./fixtures";

describe("where an answer comes from", () => {
  test.each([
    ["Four euros.\n\nWhat does delivery cost?: https://help.example/delivery-costs", "Four euros.", "delivery-costs"],
    ["Four euros.\n\nCosts: in short: /help/costs", "Four euros.", "costs"],
    ["Four euros.\n\nCosts: /help/costs/?from=chat#top", "Four euros.", "costs"],
  ])("stands in the last line of %j", (message, text, slug) => {
    expect(splitSource(message)).toMatchObject({ text, source: { slug } });
  });

  test.each([
    "You are welcome.",
    "Look here: https://shop.example/",
    "See: https://shop.example/page.html",
    "",
    "one\ntwo",
  ])("is not told by %j, which stays as it is", (message) => {
    expect(splitSource(message)).toEqual({ text: message, source: null });
  });
});

describe("an answer that is being written", () => {
  type Listener = (payload: never) => void;
  const listeners = new Map<string, Listener>();
  const shown: (string | null)[] = [];
  const on = ((event: string, listener: Listener) => {
    listeners.set(event, listener);
    return () => void listeners.delete(event);
  }) as never;
  const tell = (event: string, payload: object) => listeners.get(event)?.({ ticket_id: "t1", ...payload } as never);
  let stop = () => {};

  beforeEach(() => {
    vi.useFakeTimers();
    shown.length = 0;
    stop = followBotDelta({ on, ticketId: "t1", isBot: (id) => id === "bot" }, (text) => shown.push(text));
  });
  afterEach(() => {
    stop();
    vi.useRealTimers();
  });

  test("is shown as far as it is, until it is stored; what comes later of it is too late", () => {
    tell("bot_delta", { message_id: "t1.2", text: "Four" });
    tell("bot_delta", { message_id: "t1.2", text: "Four euros" });
    tell("chat_message", { message_id: "t1.2" });
    tell("bot_delta", { message_id: "t1.2", text: "Four euros." });
    expect(shown).toEqual(["Four", "Four euros", null]);
  });

  test("is given up when a person writes, when the bot stops typing, and after ten seconds of silence", () => {
    tell("bot_delta", { message_id: "t1.2", text: "Four" });
    tell("chat_message", { message_id: "t1.2" });
    tell("bot_delta", { message_id: "t1.3", text: "Five" });
    tell("typing", { user_id: "chloe", is_typing: false });
    expect(shown.at(-1)).toBe("Five");
    tell("typing", { user_id: "bot", is_typing: false });
    expect(shown.at(-1)).toBeNull();
    tell("bot_delta", { message_id: "t1.3", text: "Six" });
    vi.advanceTimersByTime(9_000);
    tell("bot_delta", { message_id: "t1.3", text: "Six s" });
    vi.advanceTimersByTime(9_999);
    expect(shown.at(-1)).toBe("Six s");
    vi.advanceTimersByTime(1);
    expect(shown.at(-1)).toBeNull();
  });

  test("of another ticket is nothing here, and the end is the end", () => {
    tell("bot_delta", { ticket_id: "t2", message_id: "t2.2", text: "Four" });
    expect(shown).toEqual([]);
    stop();
    expect(listeners.size).toBe(0);
  });
});

describe("who is in charge", () => {
  test("what the bot has rings for nobody, and what it passes on does", () => {
    const before = ticket({ bot_state: "bot", last_seq: 2, unread_count: 1 });
    expect(isArrival(before, { ...before, last_seq: 3, unread_count: 2 }, "ben")).toBe(false);
    const passedOn = { ...before, bot_state: "handoff_requested" as const };
    expect(isArrival(before, passedOn, "ben")).toBe(true);
    expect(isArrival(before, { ...passedOn, support_id: "chloe" }, "ben")).toBe(false);
    expect(isArrival(passedOn, { ...passedOn, priority: "high" }, "ben")).toBe(false);
  });

  test("whoever takes a ticket of the bot's answers from then on", () => {
    const bots = ticket({ bot_state: "bot" });
    expect(anticipate(bots, { status: "in_progress", support_id: "ben" }, "ben").bot_state).toBe("human");
    expect(anticipate(bots, { priority: "high" }, "ben").bot_state).toBe("bot");
    expect(anticipate(ticket(), { status: "in_progress" }, "ben").bot_state).toBeNull();
  });

  test("what a person has can be given back, where there was a bot", () => {
    const states = ["human", "handoff_requested", "bot", null] as const;
    expect(states.map((bot_state) => canGiveBack(ticket({ bot_state })))).toEqual([true, true, false, false]);
    expect(canGiveBack(ticket({ bot_state: "human", status: "closed" }))).toBe(false);
  });

  test("each move between the bot and people is told once", () => {
    const moves = [
      entry(1, { kind: "bot_state_changed", data: { state: "handoff_requested", reason: "low_confidence" } }),
      entry(1, { data: { bot_state: "handoff_requested" } }),
      entry(2, { kind: "bot_state_changed", data: { state: "human", reason: "taken" } }),
      entry(2, { data: { bot_state: "human", status: "in_progress", support_id: "ben" } }),
      entry(3, { kind: "bot_state_changed", data: { state: "bot", reason: "given_back" } }),
      entry(3, { data: { bot_state: "bot", status: "open", support_id: null } }),
      entry(4, { kind: "bot_state_changed", data: { state: "human", reason: "staff_wrote" } }),
      entry(4, { data: { bot_state: "human" } }),
    ];
    expect(moves.filter(isTold).map((one) => historyWords(one, "me", () => "Ben"))).toEqual([
      "The bot passed it on: no article covers it well enough",
      "Ben took the ticket",
      "Ben gave it back to the bot",
      "Ben took over from the bot",
    ]);
  });
});

describe("a suggestion", () => {
  test("goes behind what is written, and a draft said differently takes its place", () => {
    expect(inserted("", { kind: "reply", text: "Four." })).toBe("Four.");
    expect(inserted("Hello,\n", { kind: "reply", text: "Four." })).toBe("Hello,\n\nFour.");
    expect(inserted("hi", { kind: "rewrite", text: "Good day." })).toBe("Good day.");
    expect(inserted("hi", { kind: "translate", text: "hallo" })).toBe("hallo");
  });

  test("says what it is", () => {
    expect(suggestionWords({ kind: "reply", model: null })).toMatch(/^Suggested from your articles\. Read it/u);
    expect(suggestionWords({ kind: "rewrite", model: "small" })).toMatch(/^Said differently by small\./u);
    expect(suggestionWords({ kind: "translate", model: "small" })).toMatch(/^Translated by small\./u);
  });
});

describe("the bot's settings", () => {
  const saved: BotDraft = {
    enabled: true,
    name: "Lantern",
    avatar_url: null,
    greeting: "",
    language: "en",
    threshold: 0.43,
    article_url: "/help/{slug}",
    timezone: "UTC",
    hours: [],
    handoff_open: "",
    handoff_closed: "",
    engine: "model",
    instructions: "",
    model: { ...NEW_MODEL, name: "small", has_api_key: true },
    embedding: null,
    tools: [],
    http_tools: [],
    budget: { tokens_per_day: null, tokens_per_visitor_per_day: null, turns_per_ticket: null, cost_per_day: null },
    webhook: null,
  };

  test("what has changed is sent, and no mark of a secret", () => {
    expect(botChanges(saved, saved)).toEqual({});
    expect(botChanges(saved, { ...saved, name: "Lamp" })).toEqual({ name: "Lamp" });
    const { has_api_key: _, ...bare } = NEW_MODEL;
    const model = { ...NEW_MODEL, name: "large", has_api_key: true };
    expect(botChanges(saved, { ...saved, model })).toEqual({ model: { ...bare, name: "large" } });
    expect(botChanges(saved, { ...saved, model: { ...model, api_key: null } }).model).toHaveProperty("api_key", null);
    expect(botChanges(saved, { ...saved, model: null })).toEqual({ model: null });
  });

  test("a key that is kept is for its address alone", () => {
    expect(needsKeyAgain(saved.model, "https://api.openai.com/v2")).toBe(false);
    expect(needsKeyAgain(saved.model, "https://other.example/v1")).toBe(true);
    expect(needsKeyAgain({ url: "https://a.example", has_api_key: false }, "https://other.example")).toBe(false);
    expect(needsKeyAgain(null, "https://other.example")).toBe(false);
  });

  test("times are tidied, and judged", () => {
    expect(["9", "9:5", "0905", " 17.30 ", "24", "25", "soon", "9:75"].map(tidyTime)).toEqual([
      "09:00",
      "09:05",
      "09:05",
      "17:30",
      "24:00",
      "25",
      "soon",
      "9:75",
    ]);
    expect(fault({ from: "09:00", to: "24:00" })).toBeNull();
    expect(fault({ from: "17:00", to: "09:00" })).toMatch(/before/u);
    expect(fault({ from: "9", to: "17:00" })).toMatch(/09:00/u);
  });

  test("hours are of a day, in the order of the week", () => {
    const tuesday = withDay([], "tue", [{ from: "10:00", to: "12:00" }]);
    const both = withDay(tuesday, "mon", [
      { from: "09:00", to: "12:00" },
      { from: "13:00", to: "17:00" },
    ]);
    expect(both.map(({ day, from }) => `${day} ${from}`)).toEqual(["mon 09:00", "mon 13:00", "tue 10:00"]);
    expect(withDay(both, "mon", []).map(({ day }) => day)).toEqual(["tue"]);
    const week = likeMonday(withDay(both, "sun", [{ from: "10:00", to: "11:00" }]));
    expect(week).toHaveLength(11);
    expect(week.filter(({ day }) => day === "tue").map(({ from }) => from)).toEqual(["09:00", "13:00"]);
  });
});

test("what it did is told in words, also by words of a later server", () => {
  expect([outcomeWords("answered"), outcomeWords("no_reply"), outcomeWords("something_new")]).toEqual([
    "Answered",
    "Said nothing",
    "something new",
  ]);
  expect(reasonWords("model_failed")).toBe("the language model failed");
  expect(runErrorWords("model_timeout")).toMatch(/too long/u);
  expect([latencyWords(22), latencyWords(1240)]).toEqual(["22 ms", "1.2 s"]);
  expect([costWords(0), costWords(0.000_161), costWords(1.5)]).toEqual(["0", "0.00016", "1.5"]);
});
