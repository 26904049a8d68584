// The help centre as a browser shows it, without a script; hostile text in all that it is made of; and what the widget has of
// it: the choice whom to ask, the sources of an answer, articles to read.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { get, post, put } from "../clients/harness/people.mjs";
import { assertAccessible } from "./harness/axe.mjs";
import { leave, newPerson, openBrowser } from "./harness/browser.mjs";
import { PAYLOADS } from "./harness/payloads.mjs";
import { closeShop, demoPerson, newestTicket, openShop } from "./harness/shop.mjs";
import { openChat } from "./harness/widget.mjs";

const PHONE = { viewport: { width: 390, height: 780 } };

let browser;
let shop;
let olivia;
let help;

before(async () => {
  shop = await openShop();
  browser = await openBrowser();
  olivia = await demoPerson(shop, "olivia");
  help = `${shop.server.url}/help/default`;
});

after(async () => {
  await browser?.close();
  if (shop) await closeShop(shop);
});

test("a reader without scripts finds, reads and says whether it helped", async () => {
  const reader = await newPerson(browser, { javaScriptEnabled: false });
  const { page } = reader;
  await page.goto(help);
  await page.getByRole("searchbox").fill("what does delivery cost");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("heading", { name: "Results for" }).waitFor();
  await page.getByRole("main").getByRole("link", { name: "What does delivery cost?" }).click();
  await page.getByRole("heading", { level: 1, name: "What does delivery cost?" }).waitFor();
  await page.getByRole("button", { name: "Yes" }).click();
  await page.getByText("Thank you for telling us.").waitFor();
  const { helpful_yes } = await get(shop.server, olivia, "/api/kb/articles/delivery-costs");
  assert.equal(helpful_yes, 1);
  await page.getByRole("navigation", { name: "You are here" }).getByRole("link", { name: "Delivery" }).click();
  await page.getByRole("heading", { level: 1, name: "Delivery" }).waitFor();
  await page
    .getByRole("link", { name: /Help centre/ })
    .first()
    .click();
  assert.equal(page.url(), help);
  assert.deepEqual(await reader.context.cookies(), []);
  await leave(reader, [shop.server.url]);
});

for (const colorScheme of ["light", "dark"]) {
  test(`nothing keeps readers out, ${colorScheme}`, async () => {
    const options = { colorScheme, hasAxe: true, isExpected: (text) => text.includes("404") };
    const reader = await newPerson(browser, options);
    const { page } = reader;
    for (const path of ["", "?lang=ar", "/delivery-costs", "/search?q=delivery", "/collections/delivery", "/absent"]) {
      await page.goto(`${help}${path}`);
      await assertAccessible(page, `the help centre at ${path}`);
    }
    await page.goto(`${help}/delivery-costs`);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("href")), "#content");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    const isInMain = () => document.querySelector("main")?.contains(document.activeElement);
    assert.ok(await page.evaluate(isInMain), "the link to the content leads there");
    await leave(reader, [shop.server.url]);
  });
}

test("it fits a telephone", async () => {
  const reader = await newPerson(browser, PHONE);
  for (const path of ["", "?lang=ar", "/delivery-costs", "/search?q=delivery"]) {
    await reader.page.goto(`${help}${path}`);
    const [shown, wide] = await reader.page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
    assert.ok(wide <= shown, `${path}: ${wide} in ${shown}`);
  }
  await leave(reader, [shop.server.url]);
});

test("beside the open chat the way to the desk is in sight, and in a low window the way to the articles", async () => {
  await put(shop.server, olivia, "/api/bot", { enabled: true, name: "Lantern" });
  for (const [width, height] of [[1280, 720], [1440, 900], [1000, 720]]) {
    const visitor = await newPerson(browser, { viewport: { width, height } });
    const { dialog, field } = await visit(visitor);
    const look = dialog.getByRole("button", { name: "Search our help articles" });
    await look.waitFor();
    const [desk, chat] = [visitor.page.getByRole("button", { name: "Open the support desk" }), dialog];
    const [button, panel, articles, writing] = await Promise.all([desk, chat, look, field].map((one) => one.boundingBox()));
    assert.ok(button.x + button.width <= panel.x, `${width}: the chat covers the button`);
    assert.ok(articles.y + articles.height <= writing.y, `${height}: the articles are below the edge`);
    await leave(visitor, [shop.server.url]);
  }
});

test("a visitor chooses a person from the start, or asks for one later", async () => {
  await put(shop.server, olivia, "/api/bot", { enabled: true, name: "Lantern" });
  const visitor = await newPerson(browser);
  const chat = await visit(visitor);
  await chat.dialog.getByRole("radio", { name: /Ask Lantern/ }).waitFor();
  assert.ok(await chat.dialog.getByRole("radio", { name: /Ask Lantern/ }).isChecked());
  await chat.dialog.getByRole("radio", { name: /Talk to a person/ }).check();
  await chat.write("Only for people");
  await chat.message("Only for people").getByText("Sent").waitFor();
  const chosen = await newestTicket(shop, olivia);
  assert.deepEqual([chosen.subject, chosen.bot_state], ["Only for people", "handoff_requested"]);
  await leave(visitor, [shop.server.url]);

  const other = await newPerson(browser);
  const asked = await visit(other);
  await asked.dialog.getByRole("radio", { name: /Ask Lantern/ }).waitFor();
  await asked.write("What does delivery cost?");
  const source = asked.log.getByRole("link", { name: "What does delivery cost?" });
  await source.waitFor();
  const [opened] = await Promise.all([other.context.waitForEvent("page"), source.click()]);
  await opened.getByRole("heading", { level: 1, name: "What does delivery cost?" }).waitFor();
  assert.equal(await opened.evaluate(() => window.opener), null);
  await opened.close();
  await asked.dialog.getByRole("button", { name: "Talk to a person" }).click();
  await asked.log.getByText("colleague").waitFor();
  await asked.dialog.getByRole("button", { name: "Talk to a person" }).waitFor({ state: "hidden" });
  assert.equal((await newestTicket(shop, olivia)).bot_state, "handoff_requested");
  await leave(other, [shop.server.url]);
});

test("a visitor reads in the window before writing", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const visitor = await newPerson(browser, { colorScheme, hasAxe: true });
    const { dialog, field } = await visit(visitor);
    await dialog.getByRole("button", { name: "Search our help articles" }).waitFor();
    await assertAccessible(visitor.page, "the choice", "smilechat-widget");
    await dialog.getByRole("button", { name: "Search our help articles" }).click();
    await dialog.getByRole("searchbox").fill("what does delivery cost");
    await dialog.getByRole("searchbox").press("Enter");
    await dialog.getByRole("button", { name: "What does delivery cost?" }).waitFor();
    await assertAccessible(visitor.page, "what was found", "smilechat-widget");
    await dialog.getByRole("button", { name: "What does delivery cost?" }).click();
    await dialog.getByRole("heading", { name: "Abroad" }).waitFor();
    await assertAccessible(visitor.page, "an article", "smilechat-widget");
    const page = await dialog.getByRole("link", { name: "Open as a page" }).getAttribute("href");
    assert.equal(page, `${help}/delivery-costs`);
    await dialog.getByRole("button", { name: "Back" }).click();
    await dialog.getByRole("button", { name: "Write to us" }).click();
    await field.waitFor();
    assert.equal(
      visitor.requests.filter((url) => /\/api\/(auth|tickets)/.test(url)).length,
      0,
      "nobody was made an account",
    );
    await leave(visitor, [shop.server.url]);
  }
});

test("text that wants to be a script stays text, in articles, collections, the name, and the search", async () => {
  await put(shop.server, olivia, "/api/settings/widget", { name: PAYLOADS[43] });
  const slugs = [];
  for (const [place, payload] of PAYLOADS.entries()) {
    const shelf = await post(shop.server, olivia, "/api/kb/collections", {
      slug: `payload-${place}`,
      name: payload,
      description: payload,
    });
    const body = `${payload}\n\n# ${payload}\n\n- ${payload}\n\n[${payload}](javascript:__ran(1)) ![x](//x.test/i.png)\n\n| ${payload} |\n|---|\n| x |`;
    const fields = {
      title: payload,
      body,
      collection_id: shelf.collection_id,
      keywords: [payload.slice(0, 60)],
      status: "published",
    };
    slugs.push((await post(shop.server, olivia, "/api/kb/articles", fields)).slug);
  }
  const reader = await newPerson(browser, { isExpected: (text) => text.includes("404") });
  const { page } = reader;
  await page.goto(help);
  for (const payload of PAYLOADS) await page.getByRole("heading", { name: payload, exact: true }).first().waitFor();
  for (const [place, slug] of slugs.entries()) {
    await page.goto(`${help}/${slug}`);
    const title = await page.getByRole("heading", { level: 1 }).textContent();
    assert.equal(title, PAYLOADS[place]);
    const own = ["form", "input", "button", "img", "link", "meta", "style", "script", "svg", "iframe", "base"];
    const inText = await page.evaluate(
      (tags) => document.querySelectorAll(tags.map((tag) => `.text ${tag}`).join()).length,
      own,
    );
    assert.equal(inText, 0, `${slug}: an element of the article's own`);
    await page.goto(`${help}/search?q=${encodeURIComponent(PAYLOADS[place])}`);
  }
  await leave(reader, [shop.server.url]);

  const visitor = await newPerson(browser);
  const { dialog } = await visit(visitor);
  await dialog.getByRole("button", { name: "Search our help articles" }).click();
  await dialog.locator(".hits button").first().waitFor();
  const count = await dialog.locator(".hits button").count();
  for (let place = 0; place < count; place++) {
    await dialog.locator(".hits button").nth(place).click();
    await dialog.locator(".article-title").waitFor();
    await dialog.getByRole("button", { name: "Back" }).click();
    await dialog.locator(".hits button").first().waitFor();
  }
  await leave(visitor, [shop.server.url]);
});

async function visit({ page }) {
  await page.goto(`${shop.server.url}/demo`);
  return openChat(page);
}
