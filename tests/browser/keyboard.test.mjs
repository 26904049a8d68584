// The whole job without a mouse.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { get } from "../clients/harness/people.mjs";
import { leave, newPerson, openBrowser } from "./harness/browser.mjs";
import { inboxIn } from "./harness/console.mjs";
import { closeShop, demoPerson, openShop } from "./harness/shop.mjs";
import { chatIn } from "./harness/widget.mjs";

let browser;
let shop;

before(async () => {
  shop = await openShop();
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  if (shop) await closeShop(shop);
});

test("a visitor tabs to the chat, opens it, writes, and closes it", async () => {
  const visitor = await newPerson(browser);
  const { page } = visitor;
  await page.goto(`${shop.server.url}/demo`);
  const launcher = page.getByRole("button", { name: /^Open chat/ });
  await launcher.waitFor();
  // Backwards from the beginning of the page is its end, where the launcher stands.
  await page.keyboard.press("Shift+Tab");
  assert.equal(await focused(page), "Open chat");
  await page.keyboard.press("Enter");
  const chat = chatIn(page);
  await chat.field.waitFor();
  assert.equal(await focused(page), "Write a message");
  await page.keyboard.type("No mouse at hand");
  await page.keyboard.press("Enter");
  await chat.message("No mouse at hand").getByText("Sent").waitFor();
  assert.equal(await focused(page), "Write a message");
  await page.keyboard.press("Escape");
  await chat.dialog.waitFor({ state: "hidden" });
  assert.equal(await focused(page), "Open chat");
  await leave(visitor, [shop.server.url]);
});

test("staff go through the list, answer and close a ticket", async () => {
  const { url } = shop.server;
  const staff = await newPerson(browser);
  const { page } = staff;
  const { keyboard } = page;
  await page.goto(`${url}/app`);
  await page.getByLabel("User name").waitFor();
  assert.equal(await focused(page), "username");
  await keyboard.type("ben");
  await keyboard.press("Tab");
  await keyboard.type("smilechat-demo");
  await keyboard.press("Enter");
  await page.getByRole("heading", { name: "Mine" }).waitFor();

  const inbox = inboxIn(page);
  await keyboard.press("g");
  await keyboard.press("a");
  await page.getByRole("heading", { name: "All open" }).waitFor();
  await inbox.list.getByRole("link").first().waitFor();
  const rows = await inbox.list.getByRole("link").all();
  const addresses = await Promise.all(rows.map((row) => row.getAttribute("href")));
  await keyboard.press("j");
  await page.waitForURL(`**${addresses[0]}`);
  await keyboard.press("j");
  await page.waitForURL(`**${addresses[1]}`);
  await keyboard.press("k");
  await page.waitForURL(`**${addresses[0]}`);

  await inbox.log.getByRole("article").first().waitFor();
  await keyboard.press("r");
  await page.waitForFunction(() => document.activeElement?.ariaLabel === "Your reply");
  await keyboard.type("Answered from the keyboard");
  await keyboard.press("Enter");
  await inbox
    .message("Answered from the keyboard")
    .getByRole("img", { name: /Sent|Delivered|Read/ })
    .waitFor();
  await keyboard.press("Escape");
  await keyboard.press("c");
  await page.getByRole("button", { name: "Reopen" }).waitFor();

  const ben = await demoPerson(shop, "ben");
  const ticketId = addresses[0].split("/").at(-1);
  assert.equal((await get(shop.server, ben, `/api/tickets/${ticketId}`)).status, "closed");
  await leave(staff, [url]);
});

/** What the focus is on, inside the widget as well: its label, its name, or its text. */
function focused(page) {
  return page.evaluate(() => {
    const outer = document.activeElement;
    const element = outer?.shadowRoot?.activeElement ?? outer;
    return element?.ariaLabel || element?.getAttribute("name") || element?.textContent;
  });
}
