import { describe, expect, test } from "vitest";
import { dayAfter, daysOf, fault, intervalOf, lastDays, partName, today } from "../src/reports/period";
import { everyNth, ticks } from "../src/reports/scale";
import { subjectQuery } from "../src/reports/subject";
import { average, change, duration, percent } from "../src/reports/words";

describe("the period", () => {
  test("is whole days of the zone", () => {
    const late = Date.parse("2026-05-28T20:30:00Z");
    expect([today("UTC", late), today("Asia/Tokyo", late)]).toEqual(["2026-05-28", "2026-05-29"]);
    expect(lastDays(30, "2026-03-01")).toEqual({ from: "2026-01-31", to: "2026-03-01" });
    expect(dayAfter("2024-02-28", 1)).toBe("2024-02-29");
    expect(daysOf({ from: "2026-03-28", to: "2026-03-30" })).toBe(3);
  });

  test("is cut as fine as can be read", () => {
    const of = (days: number) => intervalOf(lastDays(days, "2026-05-28"));
    expect([of(1), of(2), of(3), of(92), of(93), of(366)]).toEqual(["hour", "hour", "day", "day", "week", "week"]);
  });

  test("is refused in words", () => {
    expect(fault({ from: "2026-05-02", to: "2026-05-01" })).toMatch(/before/);
    expect(fault({ from: "2024-01-01", to: "2026-01-01" })).toMatch(/366/);
    expect(fault({ from: "", to: "2026-01-01" })).toMatch(/Choose/);
    expect(fault({ from: "2026-01-01", to: "2026-01-01" })).toBeNull();
  });

  test("has parts with names", () => {
    expect(partName("2026-05-28 14:00", "hour")).toBe("14:00");
    expect(partName("2026-05-28", "day")).toMatch(/Thu.*28 May/);
    expect(partName("2026-05-28", "day", true)).toBe("28 May");
    expect(partName("2026-05-25", "week")).toMatch(/^week of Mon/);
  });
});

describe("figures in words", () => {
  test.each([
    [null, "–"],
    [0, "0s"],
    [45.4, "45s"],
    [60, "1m"],
    [125, "2m 05s"],
    [659, "10m"],
    [3600, "1h"],
    [4320, "1h 12m"],
    [90_000, "1d 1h"],
    [172_800, "2d"],
  ])("%s seconds are %s", (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });

  test("a change is good, bad or neither, and none against nothing", () => {
    expect(change(12, 10, "more")).toEqual({ text: "+20%", isGood: true });
    expect(change(12, 10, "less")).toEqual({ text: "+20%", isGood: false });
    expect(change(5, 10, "neither")).toEqual({ text: "−50%", isGood: null });
    expect(change(10, 10, "more")).toEqual({ text: "no change", isGood: null });
    for (const [now, before] of [
      [1, 0],
      [1, null],
      [null, 1],
    ] as const)
      expect(change(now, before, "more")).toBeNull();
    expect([percent(0.876), percent(null), average(4.25), average(null)]).toEqual(["88%", "–", "4.3", "–"]);
  });
});

describe("an axis", () => {
  test.each([
    [1, [0, 1]],
    [3, [0, 1, 2, 3]],
    [9, [0, 5, 10]],
    [17, [0, 5, 10, 15, 20]],
    [1700, [0, 500, 1000, 1500, 2000]],
  ])("up to %s has round counts", (most, expected) => {
    expect(ticks(most, "count")).toEqual(expected);
  });

  test("counts time as people do, and ends above the highest", () => {
    expect(ticks(400, "seconds")).toEqual([0, 120, 240, 360, 480]);
    expect(ticks(7000, "seconds")).toEqual([0, 1800, 3600, 5400, 7200]);
    for (let most = 1; most < 10 ** 9; most = most * 3 + 1) {
      const steps = ticks(most, "seconds");
      expect(steps.at(-1)).toBeGreaterThanOrEqual(most);
      expect(steps.length).toBeLessThanOrEqual(5);
    }
  });

  test("shows the labels that fit", () => {
    expect([everyNth(30, 900, 60), everyNth(7, 900, 60), everyNth(30, 0, 60)]).toEqual([2, 1, 1800]);
  });
});

test("a subject is asked for by its kind", () => {
  expect(subjectQuery("")).toEqual({});
  expect(subjectQuery("agent:u1")).toEqual({ agent: "u1" });
  expect(subjectQuery("tag:a:b")).toEqual({ tag: "a:b" });
});
