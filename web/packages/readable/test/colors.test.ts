import { expect, test } from "vitest";
import { contrastOf, GROUNDS, isColor, palette } from "../src/colors";

const steps = ["00", "33", "66", "99", "cc", "ff"];
const cube = steps.flatMap((red) => steps.flatMap((green) => steps.map((blue) => `#${red}${green}${blue}`)));

test("contrast is that of WCAG", () => {
  expect(contrastOf("#ffffff", "#000000")).toBeCloseTo(21);
  expect(contrastOf("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
  expect(contrastOf("#4caf50", "#4caf50")).toBe(1);
});

test.each(["light", "dark"] as const)("every brand color can be read in the %s theme", (theme) => {
  for (const color of [...cube, "#4CAF50", "#757575", "#767676", "#16181d"]) {
    const { primary, onPrimary, deep, accent } = palette(color, theme);
    expect(contrastOf(onPrimary, primary), `text on ${color}`).toBeGreaterThanOrEqual(4.5);
    expect(contrastOf(onPrimary, deep), `text on the far end of ${color}`).toBeGreaterThanOrEqual(4.5);
    expect(contrastOf(accent, GROUNDS[theme]), `${color} as text`).toBeGreaterThanOrEqual(4.5);
    expect(contrastOf(primary, GROUNDS[theme]), `a bubble in ${color}`).toBeGreaterThanOrEqual(1.3);
  }
});

test("a color that can be seen stays as it is", () => {
  expect(palette("#4CAF50", "light")).toMatchObject({ primary: "#4caf50", onPrimary: "#000000" });
  expect(palette("#0b7a66", "dark")).toMatchObject({ primary: "#0b7a66", onPrimary: "#ffffff" });
  expect(palette("#abc", "dark").primary).toBe("#aabbcc");
});

test("what is no color gets the default, and never reaches the style sheet", () => {
  const usual = palette(undefined, "light");
  for (const text of ["", "red", "#12345", "#12345g", "#fff;}*{display:none", "url(//example.com)", "rgb(0,0,0)"])
    expect(palette(text, "light")).toEqual(usual);
});

test("only six digits are a color to save", () => {
  const texts = ["#0c7150", "#0C7150", "0c7150", "#fff", "red", "#0c71500"];
  expect(texts.filter(isColor)).toEqual(["#0c7150", "#0C7150"]);
});
