import { expect, test } from "vitest";
import { fill, LANGUAGES, speak } from "../src/languages";
import { en } from "../src/languages/en";
import { GUIDE_TEXTS, guideTexts } from "../src/languages/guide";
import { RATING_TEXTS, ratingTexts } from "../src/languages/rating";
import { REFUSAL_TEXTS, refusalText } from "../src/languages/refusal";

const codes = Object.keys(LANGUAGES);
const marks = (text: string) => (text.match(/\{\w+\}/g) ?? []).toSorted();

test("there are seven", () => {
  expect(codes.toSorted()).toEqual(["ar", "bn", "de", "en", "es", "fr", "hi"]);
});

test.each(codes)("%s says everything, with the same places to fill in", async (code) => {
  const texts = (await LANGUAGES[code]?.())?.texts;
  expect(Object.keys(texts ?? {}).toSorted()).toEqual(Object.keys(en).toSorted());
  for (const [name, text] of Object.entries(texts ?? {})) {
    expect(text.trim(), name).not.toBe("");
    expect(marks(text), name).toEqual(marks(en[name as keyof typeof en]));
  }
});

test.each(codes.filter((code) => code !== "en"))("%s is no copy of English", async (code) => {
  const texts = Object.entries((await LANGUAGES[code]?.())?.texts ?? {});
  const same = texts.filter(([name, text]) => text === en[name as keyof typeof en]).map(([name]) => name);
  // Words that are the same in some languages.
  const shared = ["chat", "email", "emoji", "messages", "online", "assistant"];
  expect(same.filter((name) => !shared.includes(name))).toEqual([]);
});

test.each([
  ["auto", ["fr-CA", "en"], "fr-CA", "ltr"],
  ["auto", ["nl", "ar-EG"], "ar-EG", "rtl"],
  ["auto", ["nl"], "en", "ltr"],
  ["de", ["fr"], "de", "ltr"],
  ["de_AT", [], "de-AT", "ltr"],
  ["constructor", ["de"], "en", "ltr"],
  ["", [], "en", "ltr"],
])("of %s and %s it speaks %s", async (wanted, browser, code, direction) => {
  expect(await speak(wanted, browser)).toMatchObject({ code, direction });
});

test("fills in, and leaves what it does not know", () => {
  expect(fill("{name}: {count} of {other}", { name: "$& {count}", count: 2 })).toBe("$& {count}: 2 of {other}");
});

test("a rating is asked for in each of them", () => {
  expect(Object.keys(RATING_TEXTS).toSorted()).toEqual(codes.toSorted());
  const questions = Object.values(RATING_TEXTS).map(({ question }) => question);
  expect(new Set(questions).size).toBe(codes.length);
  for (const { scores } of Object.values(RATING_TEXTS)) expect(new Set(scores).size).toBe(5);
  expect(ratingTexts("de-AT")).toBe(RATING_TEXTS.de);
  expect(ratingTexts("constructor")).toBe(RATING_TEXTS.en);
});

test("a refusal is told in each of them", () => {
  expect(Object.keys(REFUSAL_TEXTS).toSorted()).toEqual(codes.toSorted());
  expect(new Set(Object.values(REFUSAL_TEXTS)).size).toBe(codes.length);
  expect(refusalText("constructor")).toBe(REFUSAL_TEXTS.en);
});

test("a bot and the help centre speak each of them", () => {
  expect(Object.keys(GUIDE_TEXTS).toSorted()).toEqual(codes.toSorted());
  const english = guideTexts("en");
  for (const [code, texts] of Object.entries(GUIDE_TEXTS)) {
    for (const [name, text] of Object.entries(texts)) {
      expect(text.trim(), name).not.toBe("");
      expect(marks(text), `${code} ${name}`).toEqual(marks(english[name as keyof typeof english]));
      if (code !== "en") expect(text, `${code} ${name}`).not.toBe(english[name as keyof typeof english]);
    }
  }
  expect(guideTexts("de-AT")).toBe(GUIDE_TEXTS.de);
  expect(guideTexts("constructor")).toBe(GUIDE_TEXTS.en);
});
