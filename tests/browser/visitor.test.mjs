// What a visitor can do beside writing: answer the questions before the chat, tap a reply, bring files in each way, have the
// shop open twice, look elsewhere.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { post } from "../clients/harness/people.mjs";
import { poll } from "../clients/harness/wait.mjs";
import { leave, newPerson, openBrowser, PATIENCE_MS } from "./harness/browser.mjs";
import { inboxIn, signIn } from "./harness/console.mjs";
import { closeShop, demoPerson, newestTicket, openShop } from "./harness/shop.mjs";
import { openChat } from "./harness/widget.mjs";

/** Slow enough to see a file on its way. */
const SLOW_BYTES = 100_000;
const BIG_BYTES = 600_000;

let browser;
let shop;
let ben;

before(async () => {
  shop = await openShop();
  browser = await openBrowser();
  ben = await demoPerson(shop, "ben");
});

after(async () => {
  await browser?.close();
  if (shop) await closeShop(shop);
});

test("who introduces themselves and taps a reply is known to staff by name", async () => {
  const { url } = shop.server;
  const visitor = await newPerson(browser);
  const chat = await openShopWith(visitor.page, { prechat: "required", quickReplies: ["Where is my order?", "Prices?"] });
  await chat.dialog.getByRole("textbox", { name: "Your name" }).fill("Mia Fischer");
  await chat.dialog.getByRole("textbox", { name: "Email" }).fill("mia@example.com");
  await chat.dialog.getByRole("button", { name: "Start the chat" }).click();
  await chat.dialog.getByRole("button", { name: "Where is my order?" }).click();
  await chat.message("Where is my order?").getByText("Sent").waitFor();
  await chat.dialog.getByRole("button", { name: "Prices?" }).waitFor({ state: "hidden" });
  assert.deepEqual(await chat.texts().then((texts) => texts.slice(-1)), ["Where is my order?"]);

  const staff = await newPerson(browser, { viewport: { width: 1440, height: 900 } });
  await signIn(staff.page, url);
  await staff.page.goto(`${url}/app/inbox/all`);
  await inboxIn(staff.page).row("Mia Fischer").click();
  await staff.page.getByRole("region", { name: "Customer and ticket" }).getByText("mia@example.com").waitFor();
  await leave(staff, [url]);
  await leave(visitor, [url]);
});

test("files come by drop and by paste, on both sides, and tell how far they are", async () => {
  const { url } = shop.server;
  const visitor = await newPerson(browser);
  const chat = await openShopWith(visitor.page, { prechat: "none" });
  await chat.write("May I show you something?");
  await chat.message("May I show you something?").getByText("Sent").waitFor();

  const line = await visitor.context.newCDPSession(visitor.page);
  const limit = (uploadThroughput) =>
    line.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
  await limit(SLOW_BYTES);
  await bring(chat.dialog, "drop", { name: "beans.bin", size: BIG_BYTES });
  const progress = chat.dialog.getByRole("progressbar", { name: "Uploading beans.bin" });
  await poll("part of it", PATIENCE_MS, async () => {
    const value = await progress.evaluate((bar) => bar.value).catch(() => 0);
    return value > 0 && value < 1;
  });
  await limit(-1);
  await progress.waitFor({ state: "hidden" });
  await bring(chat.field, "paste", { name: "grinder.txt", size: 20 });
  await chat.dialog.getByRole("button", { name: "Remove grinder.txt" }).waitFor();
  await chat.write("These two");

  const staff = await newPerson(browser);
  await signIn(staff.page, url);
  await staff.page.goto(`${url}/app/inbox/all`);
  const inbox = inboxIn(staff.page);
  await inbox.row("May I show you something?").click();
  for (const name of ["beans.bin", "grinder.txt"]) await inbox.log.getByRole("button", { name: `Save ${name}` }).waitFor();
  await bring(inbox.log, "drop", { name: "answer.txt", size: 20 });
  await bring(inbox.reply, "paste", { name: "bill.txt", size: 20 });
  for (const name of ["answer.txt", "bill.txt"]) await staff.page.getByRole("button", { name: `Remove ${name}` }).waitFor();
  await inbox.answer("And these");
  for (const name of ["answer.txt", "bill.txt"]) {
    await chat.log.getByRole("button", { name: new RegExp(`^Download ${name}`) }).waitFor();
  }
  await leave(staff, [url]);
  await leave(visitor, [url]);
});

test("two tabs show the same, each message once, and what one has read counts for both", async () => {
  const { url } = shop.server;
  const visitor = await newPerson(browser);
  const first = await openShopWith(visitor.page, { prechat: "none" });
  await first.write("From the first tab");
  await first.message("From the first tab").getByText("Sent").waitFor();
  const page = await visitor.context.newPage();
  await page.goto(`${url}/demo`);
  const second = await openChat(page);
  await second.message("From the first tab").waitFor();
  await second.write("From the second tab");
  await first.message("From the second tab").getByText("Sent").waitFor();

  await first.dialog.getByRole("button", { name: "Close chat" }).click();
  await second.dialog.getByRole("button", { name: "Close chat" }).click();
  await answer("Seen by both");
  const unread = /Unread messages: 1$/;
  for (const tab of [visitor.page, page]) await tab.getByRole("button", { name: unread }).waitFor();
  await page.getByRole("button", { name: unread }).click();
  await second.message("Seen by both").waitFor();
  await visitor.page.getByRole("button", { name: "Open chat", exact: true }).click();
  const all = ["From the first tab", "From the second tab", "Seen by both"];
  for (const tab of [first, second]) {
    await tab.message("Seen by both").waitFor();
    assert.deepEqual((await tab.texts()).slice(-all.length), all);
  }
  await leave(visitor, [url]);
});

test("who looks elsewhere is called by a sound, once for all tabs, and by the title, until they look", async () => {
  const { url } = shop.server;
  const visitor = await newPerson(browser);
  await visitor.context.addInitScript(listen);
  const tabs = [visitor.page, await visitor.context.newPage()];
  const first = await openShopWith(tabs[0], { prechat: "none" });
  await first.write("I am next door");
  await first.message("I am next door").getByText("Sent").waitFor();
  await tabs[1].goto(`${url}/demo`);
  // The press lets the page sound.
  await openChat(tabs[1]).then((chat) => chat.message("I am next door").waitFor());
  const own = await tabs[0].title();
  for (const tab of tabs) await tab.evaluate(() => window.look("hidden"));
  const notes = () => Promise.all(tabs.map((tab) => tab.evaluate(() => window.notes)));
  assert.deepEqual(await notes(), [0, 0]);

  await answer("Come back");
  for (const tab of tabs) await tab.waitForFunction(() => /New message/.test(document.title));
  await poll("the two notes of one of them", PATIENCE_MS, async () => (await notes()).includes(2));
  assert.deepEqual((await notes()).sort(), [0, 2]);
  for (const tab of tabs) await tab.evaluate(() => window.look("visible"));
  for (const tab of tabs) await tab.waitForFunction((title) => document.title === title, own);
  await leave(visitor, [url]);
});

async function openShopWith(page, settings) {
  await page.goto(`${shop.server.url}/demo`);
  await page.getByRole("button", { name: /^Open chat/ }).waitFor();
  await page.evaluate((change) => window.SmileChat("update", change), settings);
  return openChat(page);
}

/** Staff's answer to the newest ticket. */
async function answer(text) {
  const { ticket_id: ticket } = await newestTicket(shop, ben);
  await post(shop.server, ben, `/api/messages/${ticket}`, { message_content: text });
}

/** A file as the browser hands it to a page that it is dropped on, or pasted into. */
async function bring(where, how, file) {
  await where.evaluate(
    (element, [type, { name, size }]) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(size).fill(46)], name, { type: "application/octet-stream" }));
      const options = { bubbles: true, cancelable: true, composed: true };
      if (type === "paste") {
        element.dispatchEvent(new ClipboardEvent("paste", { ...options, clipboardData: data }));
        return;
      }
      for (const step of ["dragenter", "dragover", "drop"]) {
        element.dispatchEvent(new DragEvent(step, { ...options, dataTransfer: data }));
      }
    },
    [how, file],
  );
}

/** Counts the notes that are played, and lets a test say whether the page is looked at. */
function listen() {
  window.notes = 0;
  const { start } = OscillatorNode.prototype;
  OscillatorNode.prototype.start = function (...at) {
    window.notes += 1;
    return start.apply(this, at);
  };
  let state = "visible";
  Object.defineProperty(document, "visibilityState", { get: () => state });
  document.hasFocus = () => state === "visible";
  window.look = (next) => {
    state = next;
    document.dispatchEvent(new Event("visibilitychange"));
  };
}
