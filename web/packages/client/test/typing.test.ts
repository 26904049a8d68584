import { expect, test } from "vitest";
import { source } from "../src/observable.js";
import type { Typist } from "../src/public.js";
import { createReading } from "../src/reading.js";
import { createTyping } from "../src/typing.js";
import { clock } from "./harness/clock.js";

function setUp() {
  const { environment, pass } = clock();
  const told: boolean[] = [];
  const typists = source<readonly Typist[]>([]);
  return { pass, told, typists, typing: createTyping(environment, typists, (isTyping) => told.push(isTyping)) };
}

test("typing is told at once, every 3 s while it goes on, and ended when it stops", async () => {
  const { pass, told, typing } = setUp();
  for (let key = 0; key < 70; key += 1) {
    typing.signal(true);
    await pass(100);
  }
  expect(told).toEqual([true, true, true]);
  await pass(4_000);
  expect(told).toEqual([true, true, true, false]);
});

test("an emptied field ends it at once; a sent message without a word; nothing is told twice", async () => {
  const { pass, told, typing } = setUp();
  typing.signal(true);
  typing.signal(false);
  typing.signal(false);
  typing.signal(true);
  typing.sent();
  await pass(10_000);
  expect(told).toEqual([true, false, true]);
});

test("who typed is forgotten after 7 s, or when told", async () => {
  const { pass, typists, typing } = setUp();
  typing.hear({ user_id: "a", name: "Ada", is_typing: true });
  typing.hear({ user_id: "b", name: "Ben", is_typing: true });
  await pass(5_000);
  typing.hear({ user_id: "a", name: "Ada", is_typing: true });
  await pass(3_000);
  expect(typists.get()).toEqual([{ user_id: "a", name: "Ada" }]);
  typing.hear({ user_id: "a", is_typing: false });
  expect(typists.get()).toEqual([]);
});

test("reading is told once for a while of scrolling, and again if it did not arrive", async () => {
  const { environment, pass } = clock();
  const told: number[] = [];
  let isAway = false;
  const reading = createReading(environment, async (seq) => {
    if (isAway) throw new Error("away");
    told.push(seq);
  });
  for (const seq of [1, 2, 3, 2]) reading.upTo(seq);
  await pass(300);
  expect(told).toEqual([3]);
  isAway = true;
  reading.upTo(4);
  await pass(300);
  isAway = false;
  reading.repeat();
  reading.repeat();
  await pass(0);
  expect(new Set(told)).toEqual(new Set([3, 4]));
});
