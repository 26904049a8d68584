// The console says how it stands with the server: live, catching up, degraded and why, and live again.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { post } from "../clients/harness/people.mjs";
import { newPerson, openBrowser } from "./harness/browser.mjs";
import { inboxIn, signIn } from "./harness/console.mjs";
import { closeShop, demoPerson, newestTicket, openShop } from "./harness/shop.mjs";

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

test("catching up is told from the new connection until what was missed is there", { timeout: 90_000 }, async () => {
  const { page } = await newPerson(browser, { isExpected: () => true });
  const links = [];
  /** What answers the page's socket, while it is held back. */
  let held = null;
  await page.routeWebSocket("**/socket.io/**", (socket) => {
    const server = socket.connectToServer();
    links.push({ socket, server });
    server.onMessage((packet) => {
      // An answer of Socket.IO: that to a join brings what was missed.
      if (held && String(packet).startsWith("43")) held.push(() => socket.send(packet));
      else socket.send(packet);
    });
  });
  await signIn(page, shop.server.url);
  const olivia = await demoPerson(shop, "olivia");
  const { ticket_id: ticketId } = await newestTicket(shop, olivia);
  await page.goto(`${shop.server.url}/app/inbox/all/${ticketId}`);
  const inbox = inboxIn(page);
  await inbox.log.getByRole("article").first().waitFor();
  const standing = (state) => page.locator(`[data-standing="${state}"]`).first();
  await standing("live").waitFor({ state: "attached", timeout: 15_000 });

  held = [];
  const { socket, server } = links.at(-1);
  await Promise.all([socket.close(), server.close()]);
  await post(shop.server, olivia, `/api/messages/${ticketId}`, { message_content: "Said meanwhile" });
  await standing("catching_up").waitFor({ state: "attached", timeout: 30_000 });
  await page.getByText(/^Connected again\. Catching up/).waitFor();
  await picture(page, "catching-up");
  assert.equal(await inbox.message("Said meanwhile").count(), 0, "it comes with the answer that is held back");

  const answers = held;
  held = null;
  for (const answer of answers) answer();
  await inbox.message("Said meanwhile").waitFor();
  await standing("live").waitFor({ state: "attached", timeout: 15_000 });
  await page.getByText(/^Connected again/).waitFor({ state: "hidden" });
});
