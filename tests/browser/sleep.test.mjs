// A page that was frozen, as in a laptop that slept, and a server that stands still: neither page may claim to be live for
// long, and what was missed is there without a reload.

import { after, before, test } from "node:test";

import { leave, newPerson, openBrowser } from "./harness/browser.mjs";
import { inboxIn, signIn } from "./harness/console.mjs";
import { isConnectionLost, startNetwork } from "./harness/network.mjs";
import { closeShop, openShop } from "./harness/shop.mjs";
import { openChat } from "./harness/widget.mjs";

/** A page finds out by its clock, asks the server, and connects anew. */
const AWAKE_MS = 30_000;
/** The silence that is endured, the question, and a busy machine. */
const DOUBT_MS = 45_000;

let browser;
let shop;
let network;

before(async () => {
  shop = await openShop();
  browser = await openBrowser();
  network = await startNetwork(shop.server.port);
});

after(async () => {
  shop?.server.child.kill("SIGCONT");
  await browser?.close();
  network?.close();
  if (shop) await closeShop(shop);
});

test("who wakes, and who waits for a server that stood still, sees what was missed", async (t) => {
  const { url } = shop.server;
  const staff = await newPerson(browser, { isExpected: isConnectionLost });
  const visitor = await newPerson(browser, { isExpected: isConnectionLost });
  // Only the staff's line goes through the network that dies.
  await Promise.all([signIn(staff.page, network.url), visitor.page.goto(`${url}/demo`)]);
  const inbox = inboxIn(staff.page);
  const chat = await openChat(visitor.page);
  await chat.write("Good night");
  await staff.page.goto(`${network.url}/app/inbox/all`);
  await inbox.row(/Good night/).click();
  await inbox.answer("Sleep well");
  await chat.message("Sleep well").waitFor();
  const offline = staff.page.getByText(/^You are offline/);

  await t.test("a page that was frozen while its line died catches up by itself", async () => {
    const page = await staff.context.newCDPSession(staff.page);
    await page.send("Page.setWebLifecycleState", { state: "frozen" });
    network.cut();
    await chat.write("Are you awake?");
    await chat.message("Are you awake?").getByText("Sent").waitFor();
    network.mend();
    await page.send("Page.setWebLifecycleState", { state: "active" });
    await inbox.message("Are you awake?").waitFor({ timeout: AWAKE_MS });
    await offline.waitFor({ state: "hidden", timeout: AWAKE_MS });
  });

  await t.test("a server that stands still is not called live, and nothing is lost when it goes on", async (step) => {
    const start = performance.now();
    shop.server.child.kill("SIGSTOP");
    await chat.write("Hello?");
    await chat.message("Hello?").getByText("Sending").waitFor();
    await chat.dialog.getByText(/^(No connection|Connected again)/).waitFor({ timeout: DOUBT_MS });
    await offline.waitFor({ timeout: DOUBT_MS });
    step.diagnostic(`both told after ${Math.round(performance.now() - start)} ms`);
    shop.server.child.kill("SIGCONT");
    await inbox.message("Hello?").waitFor({ timeout: DOUBT_MS });
    await chat.message("Hello?").getByText(/^(Sent|Delivered|Read)/).waitFor({ timeout: DOUBT_MS });
    await offline.waitFor({ state: "hidden", timeout: DOUBT_MS });
    await chat.dialog.getByText(/^(No connection|Connected again)/).waitFor({ state: "hidden", timeout: DOUBT_MS });
  });

  await leave(visitor, [url]);
  await leave(staff, [network.url]);
});
