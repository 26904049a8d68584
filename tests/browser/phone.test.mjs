// The console on a phone: no page is broader than the screen, and what is pressed is big enough for a finger.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { newCustomer, newTicket, post } from "../clients/harness/people.mjs";
import { leave, newPerson, openBrowser } from "./harness/browser.mjs";
import { inboxIn, signIn } from "./harness/console.mjs";
import { closeShop, demoPerson, openShop } from "./harness/shop.mjs";

const SCREEN = { width: 390, height: 844 };
/** Pixels, each way. */
const SMALLEST = 24;

const PAGES = [
  ["inbox/mine", "Mine"],
  ["inbox/all", "All open"],
  ["knowledge", "All articles"],
  ["knowledge/new", "New article"],
  ["knowledge/runs", "Knowledge"],
  ["knowledge/gaps", "Knowledge"],
  ["knowledge/import", "Knowledge"],
  ["reports", "By tag"],
  ["reports/live", "Reports"],
  ["settings/profile", "Profile"],
  ["settings/security", "Password and two-factor"],
  ["settings/preferences", "Notifications and look"],
  ["settings/people", "People"],
  ["settings/widget", "Widget"],
  ["settings/bot", "When people are there"],
  ["settings/keys", "API keys"],
  ["settings/webhooks", "Webhooks"],
];

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

test("every page fits a phone", async (t) => {
  const { server } = shop;
  const olivia = await demoPerson(shop, "olivia");
  const { webhook_id } = await post(server, olivia, "/api/webhooks", { url: `https://shop.invalid/${"long-".repeat(20)}` });
  await newTicket(server, await newCustomer(server), { message_content: "Hello?" });
  const admin = await newPerson(browser, { viewport: SCREEN, isMobile: true, hasTouch: true });
  const { page } = admin;
  await signIn(page, server.url, "olivia");

  for (const [place, heading] of [...PAGES, [`settings/webhooks/${webhook_id}`, "Deliveries"]]) {
    await t.test(place.replace(webhook_id, "…"), async () => {
      await page.goto(`${server.url}/app/${place}`);
      await page.getByRole("heading", { name: heading, exact: true }).first().waitFor();
      await page.waitForLoadState("networkidle");
      await assertFits(page);
    });
  }

  await t.test("a conversation", async () => {
    await page.goto(`${server.url}/app/inbox/all`);
    const inbox = inboxIn(page);
    await inbox.list.getByRole("link").first().click();
    await inbox.log.getByRole("article").first().waitFor();
    await assertFits(page);
    await page.getByRole("button", { name: "Customer and ticket" }).click();
    await page.getByRole("dialog").getByRole("heading", { name: "History" }).waitFor();
    await assertFits(page);
  });

  await t.test("a menu in a row that scrolls is seen whole", async () => {
    await page.goto(`${server.url}/app/knowledge`);
    await page.getByRole("button", { name: "More about Brewing" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Keep it" }).click();
  });

  await leave(admin, [server.url]);
});

async function assertFits(page) {
  const { width, small } = await page.evaluate((smallest) => {
    const isSmall = (element) => {
      const { width, height } = element.getBoundingClientRect();
      return width > 1 && height > 1 && (width < smallest || height < smallest);
    };
    const buttons = [...document.querySelectorAll("button:not([tabindex='-1'])")].filter(isSmall);
    // What is broader than the screen makes the browser show more at once, and all of it smaller.
    return { width: innerWidth, small: buttons.map((one) => one.outerHTML.slice(0, 120)) };
  }, SMALLEST);
  assert.equal(width, SCREEN.width);
  assert.deepEqual(small, []);
}
