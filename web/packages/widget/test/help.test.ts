// @vitest-environment happy-dom
/** The search of the help centre, while somebody types: the clock is turned, and answers come in whatever order. */
import { h, render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Help } from "../src/guide/Help";
import type { Hit, Knowledge } from "../src/guide/knowledge";
import { ENGLISH } from "../src/languages";
import type { WidgetState } from "../src/state";

const hit = (title: string): Hit => ({ slug: title, title, language: "en", excerpt: "" });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  render(null, document.body);
  vi.useRealTimers();
});

const settled = () => act(async () => void (await vi.advanceTimersByTimeAsync(0)));

async function open() {
  const asked: string[] = [];
  const answers = new Map<string, (hits: Hit[]) => void>();
  const articles = {
    list: async () => [hit("first")],
    find: (words: string) => {
      asked.push(words);
      return new Promise<Hit[]>((done) => answers.set(words, done));
    },
  } as unknown as Knowledge;
  const now = { language: ENGLISH } as unknown as WidgetState;
  await act(async () => render(h(Help, { now, articles, onLeave: () => {} }), document.body));
  // What it shows first has come.
  await settled();
  const field = document.querySelector("input") as HTMLInputElement;
  return {
    asked,
    type: (words: string) => {
      field.value = words;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    },
    enter: () => field.form?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })),
    pass: (ms: number) => act(() => void vi.advanceTimersByTime(ms)),
    answer: (words: string, ...titles: string[]) => {
      answers.get(words)?.(titles.map(hit));
      return settled();
    },
    titles: () => [...document.querySelectorAll(".hits b")].map(({ textContent }) => textContent),
    said: () => document.querySelector("[role=status]")?.textContent,
  };
}

test("it searches once nobody has typed for a moment, and says how much there is", async () => {
  const help = await open();
  expect([help.titles(), help.said()]).toEqual([["first"], ""]);
  for (const words of ["g", "gr", "gri"]) {
    help.type(words);
    await help.pass(200);
  }
  expect(help.asked).toEqual([]);
  await help.pass(100);
  expect(help.asked).toEqual(["gri"]);
  await help.answer("gri", "grinder", "grit");
  expect([help.titles(), help.said()]).toEqual([["grinder", "grit"], "Found: 2"]);
  help.type("zeppelin");
  await help.pass(300);
  await help.answer("zeppelin");
  expect(help.said()).toMatch(/^Nothing was found/);
});

test("an older answer that comes late changes nothing", async () => {
  const help = await open();
  help.type("tea");
  await help.pass(300);
  help.type("teapot");
  await help.pass(300);
  await help.answer("teapot", "pots");
  await help.answer("tea", "leaves");
  expect(help.titles()).toEqual(["pots"]);
});

test("Enter does not wait, and asks once", async () => {
  const help = await open();
  help.type("tea");
  help.enter();
  expect(help.asked).toEqual(["tea"]);
  await help.pass(1_000);
  expect(help.asked).toEqual(["tea"]);
});

test("what is left is not searched any more", async () => {
  const help = await open();
  help.type("tea");
  render(null, document.body);
  await help.pass(1_000);
  expect(help.asked).toEqual([]);
});
