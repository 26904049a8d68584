// What axe-core can find that keeps people out, on every page and in its states, light and dark.

import { after, before, test } from "node:test";

import { newCustomer, newTicket, post } from "../clients/harness/people.mjs";
import { assertAccessible } from "./harness/axe.mjs";
import { leave, newPerson, openBrowser } from "./harness/browser.mjs";
import { inboxIn, signIn } from "./harness/console.mjs";
import { drawing } from "./harness/drawing.mjs";
import { closeShop, demoPerson, openShop } from "./harness/shop.mjs";
import { openChat } from "./harness/widget.mjs";

const WIDGET = "smilechat-widget";

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

for (const colorScheme of ["light", "dark"]) {
  test(`the shop and the widget, ${colorScheme}`, async () => {
    const visitor = await newPerson(browser, { colorScheme, hasAxe: true });
    const { page } = visitor;
    await page.goto(`${shop.server.url}/demo`);
    await page.getByRole("button", { name: /^Open chat/ }).waitFor();
    await assertAccessible(page, "the shop");

    await update(page, { prechat: "required" });
    const chat = await openChat(page);
    await chat.dialog.getByRole("textbox", { name: "Email" }).waitFor();
    await assertAccessible(page, "the questions before the chat", WIDGET);
    await chat.dialog.getByRole("button", { name: "Start the chat" }).click();
    await chat.dialog.getByText("Please tell us your name").waitFor();
    await assertAccessible(page, "questions not answered", WIDGET);

    await update(page, { prechat: "none", quickReplies: ["Where is my order?", "Which grind for a moka pot?"] });
    await chat.dialog.getByRole("button", { name: "Where is my order?" }).waitFor();
    await assertAccessible(page, "before the first message", WIDGET);
    const text = { name: "order.txt", mimeType: "text/plain", buffer: Buffer.from("20480") };
    await chat.attach([{ name: "bag.png", mimeType: "image/png", buffer: await drawing(browser) }, text]);
    await chat.dialog.getByRole("button", { name: "Remove bag.png" }).waitFor();
    await assertAccessible(page, "files that wait", WIDGET);
    await chat.write("The bag came like this: https://example.com/bag");
    await chat.dialog.getByRole("button", { name: "Show bag.png" }).waitFor();
    await chat.message("The bag came like this").getByText("Sent").waitFor();
    await assertAccessible(page, "a conversation", WIDGET);
    await chat.dialog.getByRole("button", { name: "Emoji" }).click();
    await chat.dialog.getByRole("button", { name: "😀" }).waitFor();
    await assertAccessible(page, "emoji", WIDGET);
    await page.keyboard.press("Escape");

    await update(page, { language: "ar" });
    await page.locator(`${WIDGET} [dir=rtl]`).first().waitFor({ state: "attached" });
    await assertAccessible(page, "Arabic", WIDGET);
    await page.setViewportSize({ width: 390, height: 844 });
    await assertAccessible(page, "on a phone", WIDGET);
    await leave(visitor, [shop.server.url]);
  });

  test(`the console, ${colorScheme}`, async (t) => {
    const { url } = shop.server;
    const isExpected = (fault) => /404 \(Not Found\).*no-such-ticket/.test(fault);
    const viewport = { width: 1440, height: 900 };
    const staff = await newPerson(browser, { colorScheme, hasAxe: true, viewport, isExpected });
    const { page } = staff;
    const inbox = inboxIn(page);

    await t.test("at its door", async () => {
      await page.goto(`${url}/app`);
      await page.getByRole("button", { name: "Sign in" }).waitFor();
      await assertAccessible(page, "sign-in");
      await page.goto(`${url}/app/join#inv_none`);
      await page.getByRole("button", { name: "Create account" }).waitFor();
      await assertAccessible(page, "an invite");
      await signIn(page, url, "olivia");
      await assertAccessible(page, "an inbox with nothing in it");
    });

    await t.test("where there is nothing", async () => {
      await page.goto(`${url}/app/nowhere`);
      await page.getByRole("heading", { name: "There is no such page" }).waitFor();
      await assertAccessible(page, "no such page");
      await page.goto(`${url}/app/inbox/all/no-such-ticket`);
      await page.getByRole("button", { name: "Back to the list" }).waitFor();
      await assertAccessible(page, "no such ticket");
      await page.keyboard.press("/");
      await page.keyboard.type("zzzz");
      await page.getByRole("heading", { name: "Nothing found" }).waitFor();
      await assertAccessible(page, "nothing found");
    });

    await t.test("at work", async () => {
      await page.goto(`${url}/app/inbox/all`);
      await inbox.list.getByRole("link").first().click();
      await inbox.log.getByRole("article").first().waitFor();
      await assertAccessible(page, "a conversation");
      await page.getByRole("button", { name: "Private note" }).click();
      await page.getByRole("textbox", { name: "Private note" }).waitFor();
      await assertAccessible(page, "a note");
      await page.keyboard.press("Escape");
      await page.keyboard.press("p");
      await page.getByRole("menuitem", { name: /High/ }).waitFor();
      await assertAccessible(page, "a menu");
      await page.keyboard.press("Escape");
      await page.getByRole("menuitem", { name: /High/ }).waitFor({ state: "hidden" });
      await page.keyboard.press("?");
      await page.getByRole("dialog").waitFor();
      await assertAccessible(page, "the list of shortcuts");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "hidden" });
      await page.keyboard.press("Control+k");
      await page.getByRole("textbox", { name: "Find a ticket or a command" }).fill("order");
      await page.getByRole("dialog").getByText(/^#\d+/).first().waitFor();
      await assertAccessible(page, "the palette");
      await page.keyboard.press("Escape");
    });

    await t.test("in its knowledge", async () => {
      await page.goto(`${url}/app/knowledge`);
      await page.getByRole("link", { name: /What does delivery cost/ }).waitFor();
      await assertAccessible(page, "the articles");
      await page.getByRole("button", { name: "New collection" }).click();
      await page.getByRole("dialog").getByLabel("Name").waitFor();
      await assertAccessible(page, "a new collection");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "hidden" });
      await page.getByRole("link", { name: /What does delivery cost/ }).click();
      await page.getByLabel("Title").waitFor();
      await assertAccessible(page, "an article");
      await page.getByRole("button", { name: /^Version/ }).click();
      await page.getByRole("menuitem", { name: "All versions" }).click();
      await page.getByRole("region", { name: "Version 1" }).waitFor();
      await assertAccessible(page, "its versions");
      await page.goto(`${url}/app/knowledge/new`);
      await page.getByLabel("Text", { exact: true }).fill("# A heading\n\n- a list\n\n| a | table |\n|---|---|\n| of | two |");
      await page.getByRole("region", { name: "Preview" }).getByRole("table").waitFor();
      await assertAccessible(page, "a new article");
      await page.getByRole("button", { name: "Discard" }).click();
      for (const place of ["runs", "gaps"]) {
        await page.goto(`${url}/app/knowledge/${place}`);
        await page.getByRole("main").getByRole("heading", { level: 2 }).first().waitFor();
        await assertAccessible(page, place);
      }
    });

    await t.test("in its settings", async () => {
      for (const [section, heading] of SECTIONS) {
        await page.goto(`${url}/app/settings/${section}`);
        await page.getByRole("main").getByRole("heading", { name: heading, level: 2 }).waitFor();
        await page.waitForLoadState("networkidle");
        await assertAccessible(page, heading);
      }
      await page.getByRole("button", { name: "New key" }).click();
      await page.getByRole("dialog").waitFor();
      await assertAccessible(page, "a new key");
    });

    await t.test("at a webhook", async () => {
      const olivia = await demoPerson(shop, "olivia");
      const { webhook_id } = await post(shop.server, olivia, "/api/webhooks", { url: "https://shop.invalid/hooks" });
      await newTicket(shop.server, await newCustomer(shop.server), { message_content: "Hello?" });
      await page.goto(`${url}/app/settings/webhooks/${webhook_id}`);
      await page.getByRole("region", { name: "Deliveries" }).getByText("ticket.created").first().waitFor();
      await assertAccessible(page, "a webhook");
      await page.goto(`${url}/app/settings/webhooks`);
      await page.getByRole("link", { name: "https://shop.invalid/hooks" }).first().waitFor();
      await assertAccessible(page, "the webhooks");
      await page.getByRole("button", { name: "New webhook" }).click();
      await page.getByRole("radio", { name: "Only some things" }).check();
      await assertAccessible(page, "a new webhook");
    });

    await t.test("on a phone", async () => {
      await page.setViewportSize({ width: 390, height: 844 });
      await page.goto(`${url}/app/inbox/all`);
      await inbox.list.getByRole("link").first().waitFor();
      await assertAccessible(page, "the list");
      await inbox.list.getByRole("link").first().click();
      await inbox.log.getByRole("article").first().waitFor();
      await assertAccessible(page, "a conversation");
    });

    await leave(staff, [url]);
  });
}

const SECTIONS = [
  ["profile", "Profile"],
  ["security", "Password and two-factor"],
  ["preferences", "Notifications and look"],
  ["people", "People"],
  ["widget", "Widget"],
  ["bot", "Bot"],
  ["webhooks", "Webhooks"],
  ["keys", "API keys"],
];

async function update(page, change) {
  await page.evaluate((config) => window.SmileChat("update", config), change);
}
