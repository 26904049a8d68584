// The console says how it stands with the server: live, degraded and why, and live again.

import { after, before, test } from "node:test";

import { newPerson, openBrowser } from "./harness/browser.mjs";
import { inboxIn, signIn } from "./harness/console.mjs";
import { closeShop, openShop } from "./harness/shop.mjs";

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

const picture = (page, name) =>
  process.env.PICTURES && page.screenshot({ path: `${process.env.PICTURES}/${name}.png` });

test("degraded is told with its reason, and over when it is", { timeout: 90_000 }, async () => {
  const { page } = await newPerson(browser, { isExpected: () => true });
  let down = [];
  await page.route("**/readyz", (route) => {
    const dependencies = ["database", "files", "bus"].map((name) => ({
      name,
      status: down.includes(name) ? "down" : "ok",
    }));
    return route.fulfill({ status: down.includes("database") ? 503 : 200, json: { status: "ok", dependencies } });
  });
  await signIn(page, shop.server.url);
  await page.locator('[data-standing="live"]').first().waitFor({ state: "attached" });
  await page.getByRole("button", { name: /Your menu/ }).click();
  await page.getByText("Live", { exact: true }).waitFor();
  await picture(page, "live");
  await page.keyboard.press("Escape");

  down = ["bus"];
  await page.reload();
  await page.getByText(/^The servers do not hear each other/).waitFor();
  await picture(page, "bus");
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`${shop.server.url}/app/inbox/all`);
  await page.getByText(/^The servers do not hear each other/).waitFor();
  await inboxIn(page).list.getByRole("link").first().click();
  await inboxIn(page).log.waitFor();
  await page.getByText(/^The servers do not hear each other/).waitFor();
  await picture(page, "bus-phone");
  await page.setViewportSize({ width: 1280, height: 800 });
  down = [];
  await page.locator('[data-standing="live"]').first().waitFor({ state: "attached", timeout: 15_000 });

  // Requests pass, sockets do not.
  await page.route("**/socket.io/**", (route) => route.abort());
  await page.routeWebSocket("**/socket.io/**", (socket) => socket.close());
  await page.reload();
  await page.getByText(/^Live updates do not get through/).waitFor();
  await picture(page, "no-socket");
});
