import { expect, test } from "vitest";
import { withLinks } from "../src/conversation/links";

const links = (text: string) => withLinks(text).flatMap((piece) => (piece.kind === "link" ? [piece.href] : []));

test("addresses become links, and the sentence around them stays", () => {
  const text = "See https://shop.example/a?b=c#d, or write to help@shop.example.";
  expect(
    withLinks(text)
      .map((piece) => piece.text)
      .join(""),
  ).toBe(text);
  expect(links(text)).toEqual(["https://shop.example/a?b=c#d", "mailto:help@shop.example"]);
});

test.each([
  ["(https://shop.example/a)", "https://shop.example/a"],
  ["https://en.example/wiki/Cup_(drink)", "https://en.example/wiki/Cup_(drink)"],
  ["https://shop.example!", "https://shop.example/"],
  ["„https://shop.example“", "https://shop.example/"],
])("%s", (text, href) => {
  expect(links(text)).toEqual([href]);
});

test.each([
  "javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:x",
  "file:///etc/passwd",
  "//evil.example",
  "https://",
  "<a href='https:x'>",
])("%s is no link", (text) => {
  expect(links(text)).toEqual([]);
});

test("markup stays text, every letter of it", () => {
  const text = '<img src=x onerror=alert(1)> <a href="https://evil.example">click</a>';
  expect(
    withLinks(text)
      .map((piece) => piece.text)
      .join(""),
  ).toBe(text);
  expect(links(text)).toEqual(["https://evil.example/"]);
});
