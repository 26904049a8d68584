import { expect, test } from "vitest";
import { contrast, isColor, readableInk } from "../src/settings/contrast";

test("contrast is that of WCAG", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 1);
  expect(contrast("#123456", "#123456")).toBeCloseTo(1);
});

test("the ink on any colour can be read", () => {
  for (const color of ["#000000", "#ffffff", "#4caf50", "#ffc83d", "#0c7150", "#777777", "#ff0000", "#0000ff"]) {
    expect(contrast(color, readableInk(color)), color).toBeGreaterThanOrEqual(4.5);
  }
});

test("only six digits are a colour", () => {
  expect(["#0c7150", "#0C7150", "0c7150", "#fff", "red", "#0c71500"].map(isColor)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
