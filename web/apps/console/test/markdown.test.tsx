// @vitest-environment happy-dom
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
// @ts-expect-error a list of texts, which the browser's suites share, without types
import { PAYLOADS } from "../../../../tests/browser/harness/payloads.mjs";
import { Markdown } from "../src/parts/Markdown";

const shown = (text: string) => renderToStaticMarkup(<Markdown text={text} />).replace(/^<div[^>]*>|<\/div>$/gu, "");

function parsed(text: string): HTMLElement {
  const box = document.createElement("div");
  box.innerHTML = renderToStaticMarkup(<Markdown text={text} />);
  return box;
}

test("an article is headings, lists, links and the rest, below the headings of the page", () => {
  expect(shown("# Costs\n\nFour **euros**, *at most*.")).toBe(
    "<h3>Costs</h3><p>Four <strong>euros</strong>, <em>at most</em>.</p>",
  );
  expect(shown("## a\n#### b\n## c\n### d\n# e")).toBe("<h3>a</h3><h4>b</h4><h3>c</h3><h4>d</h4><h3>e</h3>");
  expect(shown("- one\n- two `code`")).toBe("<ul><li>one</li><li>two <code>code</code></li></ul>");
  expect(shown("3. three\n4. four")).toBe('<ol start="3"><li>three</li><li>four</li></ol>');
  expect(shown("> said\n\n---")).toBe("<blockquote><p>said</p></blockquote><hr/>");
  expect(shown("```\na < b\n```")).toBe("<pre><code>a &lt; b</code></pre>");
  expect(parsed("| a | b |\n|---|---|\n| 1 | **2** |").querySelectorAll("th[scope=col], td")).toHaveLength(4);
});

test("links go to http and https alone, and pictures are links", () => {
  const hrefs = (text: string) => [...parsed(text).querySelectorAll("a")].map((link) => link.getAttribute("href"));
  expect(hrefs("[a](https://shop.example/a) <http://b.example> www.c.example")).toEqual([
    "https://shop.example/a",
    "http://b.example",
    "http://www.c.example",
  ]);
  expect(
    hrefs("[a](javascript:alert(1)) [b](data:text/html,x) [c](/etc) [d](//x.test) [e](mailto:a@b.example)"),
  ).toEqual([]);
  expect(parsed("[a](javascript:alert(1))").textContent).toBe("a");
  const picture = parsed("![A bag](https://shop.example/bag.png)");
  expect([picture.querySelector("img"), picture.querySelector("a")?.textContent]).toEqual([null, "A bag"]);
});

test("nothing that looks like HTML becomes any", () => {
  const allowed = "A,BLOCKQUOTE,BR,CODE,DEL,DIV,EM,H3,H4,H5,H6,HR,LI,OL,P,PRE,STRONG,TABLE,TBODY,TD,TH,THEAD,TR,UL";
  for (const payload of PAYLOADS as string[]) {
    for (const text of [
      payload,
      `# ${payload}`,
      `- ${payload}\n\n| a |\n|---|\n| ${payload} |`,
      `[${payload}](${payload})`,
    ]) {
      const box = parsed(text);
      for (const element of box.querySelectorAll("*")) {
        expect(allowed.split(","), text).toContain(element.tagName);
        const names = element.getAttributeNames();
        const known = ["class", "dir", "href", "rel", "scope", "start", "target"];
        expect(
          names.filter((name) => !known.includes(name)),
          text,
        ).toEqual([]);
        expect(element.getAttribute("href") ?? "https:", text).toMatch(/^https?:/u);
      }
    }
  }
});
