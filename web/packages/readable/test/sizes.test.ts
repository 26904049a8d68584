import { expect, test } from "vitest";
import { sizeOf } from "../src/sizes";

test("sizes are short, in the reader's language, and nothing is empty", () => {
  const read = (bytes: number) => sizeOf(bytes, "en");
  expect([0, 3, 1_000, 123_456, 999_499, 1_000_000, 26_214_400].map(read)).toEqual([
    "1 kB",
    "1 kB",
    "1 kB",
    "123 kB",
    "999 kB",
    "1 MB",
    "26.2 MB",
  ]);
  expect(sizeOf(1_500_000, "de")).toBe("1,5 MB");
});
