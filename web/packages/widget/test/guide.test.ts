// @vitest-environment happy-dom
/** What a bot and a help centre bring: sources, articles drawn as text, hours, and the answer that is being written. */
import type { Conversation, ConversationMessage, ServerEvents } from "@smilechat/client";
import { h, render } from "preact";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openGuide, type Profile } from "../src/guide";
import { blocksOf, Markdown } from "../src/guide/Markdown";
import { openingWords } from "../src/guide/opening";
import { splitSources } from "../src/guide/sources";
import { ENGLISH } from "../src/languages";
import { value } from "../src/observable";
import type { Actions, WidgetState } from "../src/state";
import { Header } from "../src/view/Header";
import { followWriting } from "../src/writing";

const SERVER = "https://chat.example";

describe("the sources of an answer", () => {
  test.each([
    ["Four euros.\n\nCosts: /help/default/costs", "Four euros.", [["Costs", `${SERVER}/help/default/costs`]]],
    ["Yes.\n\nWhat: how?: https://help.example/a?b=1", "Yes.", [["What: how?", "https://help.example/a?b=1"]]],
    [
      "Yes.\n\n- One: /a\n- Two: /b",
      "Yes.",
      [
        ["One", `${SERVER}/a`],
        ["Two", `${SERVER}/b`],
      ],
    ],
    ["See: /help/x\n\nand so on", "See: /help/x\n\nand so on", []],
    ["One: /only", "", [["One", `${SERVER}/only`]]],
  ])("%j", (content, text, sources) => {
    const found = splitSources(content, SERVER);
    expect(found.text).toBe(text);
    expect(found.sources.map(({ title, href }) => [title, href])).toEqual(sources);
  });

  test.each([
    "javascript:alert(1)",
    "//evil.example/x",
    "/\\evil.example",
    "/\t/evil.example",
    "data:text/html,x",
    "mailto:a@b.c",
    "ftp://x/y",
  ])("%s is no address of one", (address) => {
    const content = `Yes.\n\nTitle: ${address}`;
    expect(splitSources(content, SERVER)).toEqual({ text: content, sources: [] });
  });
});

describe("an article", () => {
  const drawn = (text: string) => {
    const place = document.createElement("div");
    render(Markdown({ text, base: `${SERVER}/help/default/a` }), place);
    return place.firstElementChild as HTMLElement;
  };

  test("is drawn in its parts", () => {
    const kinds = blocksOf("# A\n\nOne\ntwo\n\n- x\n- y\n  more\n\n1. z\n\n> q\n\n---\n```\n# code\n```").map(
      ({ kind }) => kind,
    );
    expect(kinds).toEqual(["heading", "paragraph", "list", "list", "quote", "rule", "code"]);
    expect(
      drawn("Choose **Pause** under *Account* or `x`, [here](https://x.example) or [there](other).").innerHTML,
    ).toBe(
      '<p dir="auto">Choose <strong>Pause</strong> under <em>Account</em> or <code>x</code>, ' +
        '<a href="https://x.example/" target="_blank" rel="noopener noreferrer nofollow">here</a> or ' +
        `<a href="${SERVER}/help/default/other" target="_blank" rel="noopener noreferrer nofollow">there</a>.</p>`,
    );
    expect(drawn("snake_case_name and 2 * 3 * 4").innerHTML).toBe('<p dir="auto">snake_case_name and 2 * 3 * 4</p>');
  });

  test.each([
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](https://tracker.example/p.png)",
    "[x](//evil.example)",
    "[x](data:text/html,y)",
    "<script>alert(1)</script>",
    "`<b>`",
    "# <svg onload=alert(1)>",
  ])("%s becomes nothing but words", (text) => {
    const allowed = new Set(["P", "H3", "CODE", "DIV"]);
    const tags = [...drawn(text).querySelectorAll("*")].map(({ tagName }) => tagName);
    expect(tags.filter((tag) => !allowed.has(tag))).toEqual([]);
  });

  test("of any length and depth is drawn soon", () => {
    const start = performance.now();
    for (const text of [
      "[".repeat(50_000),
      "*".repeat(50_000),
      "**a ".repeat(12_000),
      "> ".repeat(25_000),
      "`".repeat(50_000),
    ])
      drawn(text);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe("when people are back", () => {
  const now = (isStaffed: boolean | null) => ({ language: ENGLISH, settings: { isStaffed } }) as WidgetState;

  test("is told by the hours, and where there are none by who is online", () => {
    const { staffed, unstaffed } = ENGLISH.texts;
    expect(openingWords({ is_open: true, opens: null }, now(false))).toBe(staffed);
    expect(openingWords({ is_open: null, opens: null }, now(true))).toBe(staffed);
    expect(openingWords({ is_open: null, opens: null }, now(false))).toBe(unstaffed);
    const closed = openingWords({ is_open: false, opens: "2026-11-30 09:00 (Asia/Kathmandu)" }, now(true));
    expect(closed).toMatch(/Monday, November 30.*9:00.*\(Asia\/Kathmandu\)/);
    expect(openingWords({ is_open: false, opens: "soon" }, now(true))).toBe(unstaffed);
  });
});

describe("the top of the window", () => {
  const head = (profile: Partial<Profile>, isStaffed: boolean | null) => {
    const place = { server: SERVER, page: {}, profile: { opens: null, help_url: null, ...profile } as Profile };
    const guide = openGuide({ ...place, get: () => ({}) as WidgetState, set: () => {} });
    const settings = { name: "Shop", staff: [], isStaffed, sound: false };
    const now = { language: ENGLISH, settings, guide, conversation: null } as unknown as WidgetState;
    const drawn = document.createElement("div");
    render(h(Header, { now, actions: {} as Actions, isLarge: true }), drawn);
    return { words: drawn.querySelector(".head-presence")?.textContent, isThere: drawn.querySelector(".dot") !== null };
  };

  test("says when people are back outside the hours, whoever is online", () => {
    const closed = head({ is_open: false, opens: "2026-11-30 09:00 (Asia/Kathmandu)" }, true);
    expect(closed.words).toMatch(/Back on Monday, November 30.*9:00/);
    expect(closed.isThere).toBe(false);
    expect(head({ is_open: true }, false)).toEqual({ words: ENGLISH.texts.staffed, isThere: true });
  });

  test("says who is online where no hours are told", () => {
    expect(head({ is_open: null }, true)).toEqual({ words: ENGLISH.texts.staffed, isThere: true });
    expect(head({ is_open: null }, false)).toEqual({ words: ENGLISH.texts.unstaffed, isThere: false });
    expect(head({}, null)).toEqual({ words: undefined, isThere: false });
  });
});

describe("an answer that is being written", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function written() {
    const listeners = new Map<string, (payload: never) => void>();
    const messages = value<readonly ConversationMessage[]>([]);
    const typing = value<readonly { user_id: string; name: string }[]>([]);
    const conversation = { ticketId: value<string | null>("t1"), messages, typing } as unknown as Conversation;
    const shown: (string | null)[] = [];
    const on = (name: string, listener: (payload: never) => void) => {
      listeners.set(name, listener);
      return () => listeners.delete(name);
    };
    const stop = followWriting({ on } as never, conversation, (text) => shown.push(text));
    const tell = <E extends keyof ServerEvents>(name: E, payload: Partial<ServerEvents[E]>) =>
      listeners.get(name)?.(payload as never);
    const delta = (text: string, ticket_id = "t1") => tell("bot_delta", { ticket_id, message_id: "t1.2", text });
    return { delta, tell, typing, messages, shown, stop, listeners };
  }

  test("grows, and goes with the message that is stored", () => {
    const { delta, tell, shown } = written();
    delta("Four");
    delta("Four euros");
    delta("of another ticket", "t2");
    tell("chat_message", { ticket_id: "t2" });
    tell("chat_message", { ticket_id: "t1" });
    expect(shown).toEqual(["Four", "Four euros", null]);
  });

  test("goes when the bot stops, and after a silence", () => {
    const { delta, typing, shown } = written();
    typing.set([{ user_id: "b", name: "Bot" }]);
    delta("One");
    typing.set([]);
    delta("Two");
    vi.advanceTimersByTime(9_000);
    delta("Two and");
    vi.advanceTimersByTime(9_000);
    expect(shown).toEqual(["One", null, "Two", "Two and"]);
    vi.advanceTimersByTime(1_000);
    expect(shown.at(-1)).toBe(null);
  });

  test("does not come back once it is stored, nor after the end", () => {
    const { delta, messages, shown, stop, listeners } = written();
    messages.set([{ message_id: "t1.2" } as ConversationMessage]);
    delta("late");
    expect(shown).toEqual([]);
    stop();
    expect(listeners.size).toBe(0);
  });
});
