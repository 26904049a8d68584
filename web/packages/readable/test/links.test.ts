import { expect, test } from "vitest";
import { findLinks } from "../src/links";

const links = (text: string) => findLinks(text).flatMap(({ text: shown, href }) => (href ? [[shown, href]] : []));

test.each([
  ["see https://example.com/a?b=c#d now", "https://example.com/a?b=c#d", "https://example.com/a?b=c#d"],
  ["www.example.com is ours", "www.example.com", "https://www.example.com/"],
  ["write to ben.o+x@example.co.uk, please", "ben.o+x@example.co.uk", "mailto:ben.o+x@example.co.uk"],
  ["MAILTO:ben@example.com", "MAILTO:ben@example.com", "mailto:ben@example.com"],
  ["(https://example.com/a_(b))", "https://example.com/a_(b)", "https://example.com/a_(b)"],
  ["Is it https://example.com/x?!", "https://example.com/x", "https://example.com/x"],
  ["„https://example.com“", "https://example.com", "https://example.com/"],
  ["“https://example.com”", "https://example.com", "https://example.com/"],
  ["https://münchen.example/straße", "https://münchen.example/straße", "https://xn--mnchen-3ya.example/stra%C3%9Fe"],
])("%s", (text, shown, href) => {
  expect(links(text)).toEqual([[shown, href]]);
});

test.each([
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)//https",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:x",
  "file:///etc/passwd",
  "https://",
  "http://localhost",
  "https://[",
  "blob:nothing",
  "an email like a@b is none",
])("%s is no link", (text) => {
  expect(links(text)).toEqual([]);
});

test("an href has one of three schemes, whatever stands around it", () => {
  const found = links(
    "javascript:https://example.com/%0aalert(1) <a href='https://example.com'>x</a> ftp://www.example.com",
  );
  expect(found.length).toBeGreaterThan(0);
  for (const [, href] of found) expect(href).toMatch(/^(https?|mailto):/);
});

test("the pieces together are the text", () => {
  for (const text of [
    "",
    "a",
    "x https://example.com, y@example.com.",
    "\n<b>https://example.com</b>\n",
    '<img src=x onerror=alert(1)> <a href="https://evil.example">click</a>',
    "www.a.b www.c.d",
  ])
    expect(
      findLinks(text)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(text);
});
