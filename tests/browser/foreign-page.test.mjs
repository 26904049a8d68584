// The widget on a site that is not ours: another origin, a strict policy, and style sheets that spare nothing.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { leave, newPerson, openBrowser } from "./harness/browser.mjs";
import { startForeignSite } from "./harness/foreign.mjs";
import { closeShop, openShop } from "./harness/shop.mjs";
import { openChat } from "./harness/widget.mjs";

const HOSTILE = `
  html { font-size: 62.5%; writing-mode: vertical-rl }
  * { all: unset !important; box-sizing: content-box !important; display: none !important; color: red !important;
    font: italic 40px fantasy !important; letter-spacing: 9px !important; word-spacing: 2em !important;
    text-transform: uppercase !important; direction: rtl !important; transform: rotate(3deg) scale(2) !important;
    background: pink !important; cursor: wait !important; text-align: right !important }
  html, body { display: block !important; filter: blur(0); overflow: hidden !important; perspective: 1px !important }
  smilechat-widget { display: none !important; opacity: 0 !important; visibility: hidden !important; zoom: 2 !important;
    position: static !important; filter: invert(1) !important; clip-path: circle(0) !important; inset: auto !important;
    width: 1px !important; height: 1px !important; z-index: -1 !important; pointer-events: none !important;
    --primary: red !important; --ink: red !important; --ground: lime !important }
  ::part(x) { display: none }`;

let browser;
let site;
let shop;

before(async () => {
  site = await startForeignSite(HOSTILE);
  shop = await openShop({ env: { CORS_ORIGINS: site.url } });
  site.api = shop.server.url;
  site.key = shop.key;
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  site?.close();
  if (shop) await closeShop(shop);
});

test("a strict policy and another origin are no obstacle, and the page stays as it was", async () => {
  const visitor = await newPerson(browser);
  const { page } = visitor;
  await page.goto(site.url);
  const chat = await openChat(page);
  await chat.write("From somebody else's site");
  await chat.message("From somebody else's site").getByText("Sent").waitFor();
  const text = { name: "order.txt", mimeType: "text/plain", buffer: Buffer.from("20480") };
  await chat.attach([text]);
  await chat.dialog.getByRole("button", { name: "Remove order.txt" }).waitFor();
  await chat.write("With a file");
  await chat.log.getByRole("button", { name: /^Download order.txt/ }).waitFor();

  const left = await page.evaluate(() => ({
    globals: Object.keys(window).filter((name) => !window.globalsBefore.includes(name) && name !== "globalsBefore"),
    cookie: document.cookie,
    sheets: document.styleSheets.length + document.adoptedStyleSheets.length,
    heading: getComputedStyle(document.querySelector("h1")).fontSize,
  }));
  assert.deepEqual(left, { globals: ["SmileChat"], cookie: "", sheets: 1, heading: "32px" });
  assert.deepEqual(await visitor.context.cookies(), []);
  await leave(visitor, [site.url, shop.server.url]);
});

test("hostile style sheets change nothing, closed or open", async () => {
  const plain = await newPerson(browser);
  const hostile = await newPerson(browser);
  await plain.page.goto(site.url);
  await hostile.page.goto(`${site.url}/hostile`);
  for (const { page } of [plain, hostile]) await page.getByRole("button", { name: /^Open chat/ }).waitFor();
  await lookAlike(hostile.page, plain.page);

  const launcher = await hostile.page.getByRole("button", { name: /^Open chat/ }).boundingBox();
  assert.ok(launcher.width >= 48 && launcher.width <= 72 && launcher.height === launcher.width, "as large as a thumb");
  const corner = { right: 1280 - launcher.x - launcher.width, bottom: 800 - launcher.y - launcher.height };
  assert.ok(corner.right >= 0 && corner.right <= 40 && corner.bottom >= 0 && corner.bottom <= 40, "in its corner");

  // A press of the mouse, not of a script: the launcher is really on top.
  for (const { page } of [plain, hostile]) await (await openChat(page)).field.waitFor();
  const parts = await lookAlike(hostile.page, plain.page);
  assert.ok(parts > 30, "the open window has many parts");
  await leave(plain, [site.url, shop.server.url]);
  await leave(hostile, [site.url, shop.server.url]);
});

/** Once both have all that is fetched bit by bit: a greeting, who is there, what a bot says. Answers how many parts there are. */
async function lookAlike(one, other) {
  const until = Date.now() + 15_000;
  for (;;) {
    const [seen, meant] = [await looks(one), await looks(other)];
    const found = differences(seen, meant);
    if (found.length === 0 || Date.now() > until) {
      assert.deepEqual(found, []);
      return seen.length;
    }
  }
}

/** Place, size and style of every part of the widget, once it stands still. */
async function looks(page) {
  await page.waitForFunction(() => {
    const { shadowRoot } = document.querySelector("smilechat-widget");
    return shadowRoot.getAnimations({ subtree: true }).every(({ playState }) => playState !== "running");
  });
  return page.evaluate(() => {
    const { shadowRoot } = document.querySelector("smilechat-widget");
    return [...shadowRoot.querySelectorAll(".root, .root *")].map((element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      const style = getComputedStyle(element);
      // What a page calls its own variables is its own business, as long as nothing comes of it.
      const names = [...style].filter((name) => !name.startsWith("--"));
      const values = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(name)]));
      return { part: `${element.localName}.${element.getAttribute("class") ?? ""}`, x, y, width, height, ...values };
    });
  });
}

function differences(seen, meant) {
  if (seen.length !== meant.length) return [`${seen.length} parts, not ${meant.length}`];
  return meant.flatMap((part, index) =>
    Object.entries(part)
      .filter(([name, value]) => seen[index][name] !== value)
      .map(([name, value]) => `${part.part} ${name}: ${seen[index][name]}, not ${value}`),
  );
}
