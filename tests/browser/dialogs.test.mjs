// The console's dialogs by the keyboard: the focus stays in them, Escape closes them, and then it is where it was, also if a
// menu opened them, or if what opened them is gone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { put } from "../clients/harness/people.mjs";
import { assertAccessible } from "./harness/axe.mjs";
import { leave, newPerson, openBrowser } from "./harness/browser.mjs";
import { focusOn, signIn } from "./harness/console.mjs";
import { closeShop, demoPerson, openShop } from "./harness/shop.mjs";

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

test("the focus comes back from every dialog", async (t) => {
  const { server } = shop;
  const admin = await newPerson(browser, { hasAxe: true });
  const { page } = admin;
  const { keyboard } = page;
  const dialog = page.getByRole("dialog");
  const button = (name) => page.getByRole("button", { name }).first();
  const closed = () => dialog.waitFor({ state: "hidden" });
  const open = async (place, heading) => {
    await page.goto(`${server.url}/app/${place}`);
    await page.getByRole("main").getByRole("heading", { name: heading }).first().waitFor();
  };
  /** What opens it is pressed, or the menu's button and then the item. */
  const press = async (name, item) => {
    await button(name).press("Enter");
    if (item) await page.getByRole("menuitem", { name: item }).press("Enter");
    await dialog.waitFor();
  };
  /** Round and back again, and out by Escape. */
  const escape = async () => {
    for (const key of [...Array(12).fill("Tab"), ...Array(12).fill("Shift+Tab")]) {
      await keyboard.press(key);
      assert.ok(await dialog.evaluate((box) => box.contains(document.activeElement)), "the focus stays in the dialog");
    }
    await keyboard.press("Escape");
    await closed();
  };
  /** What is shown once stays when Escape is pressed; its button closes it. */
  const done = async () => {
    await dialog.getByText("It is shown only now.").waitFor();
    await keyboard.press("Escape");
    // What Escape closes is out of sight within a quarter of a second.
    await page.waitForTimeout(500);
    await assertAccessible(page, "what is shown once");
    await dialog.getByRole("button", { name: "Done" }).press("Enter");
    await closed();
  };
  await signIn(page, server.url, "olivia");

  await t.test("of API keys", async () => {
    await open("settings/keys", "API keys");
    await press("New key");
    await escape();
    await focusOn(button("New key"));
    await press("New key");
    await dialog.getByLabel("Name").fill("Mine");
    await keyboard.press("Enter");
    await done();
    await focusOn(button("New key"));
    await press("More about Mine", "Name and origins");
    await escape();
    await focusOn(button("More about Mine"));
    await press("More about Mine", "Revoke");
    await assertAccessible(page, "a question with a red answer");
    await dialog.getByRole("button", { name: "Revoke" }).press("Enter");
    await button("More about Mine").waitFor({ state: "detached" });
    await focusOn(page.getByRole("heading", { name: "Keys", exact: true }));
    await press("Make a new one");
    await dialog.getByRole("button", { name: "Make a new one" }).press("Enter");
    await button("Copy the secret").waitFor();
    await focusOn(page.getByRole("heading", { name: "Identity secret" }));
  });

  await t.test("of people", async () => {
    await open("settings/people", "People");
    await button("Make an invite").press("Enter");
    await done();
    await focusOn(button("Make an invite"));
    await press("More about Ben Okafor", "Disable the account");
    await escape();
    await focusOn(button("More about Ben Okafor"));
  });

  await t.test("of the bot", async () => {
    const webhook = { url: "https://bot.shop.example/answer", deadline_seconds: 10 };
    await put(server, await demoPerson(shop, "olivia"), "/api/bot", { webhook });
    await open("settings/bot", "Signing secret");
    await press("Make a new secret");
    await dialog.getByRole("button", { name: "Make a new one" }).press("Enter");
    await done();
    await focusOn(button("Make a new secret"));
  });

  await t.test("of the knowledge", async () => {
    await open("knowledge", "Knowledge");
    await press("New collection");
    await escape();
    await focusOn(button("New collection"));
    await press("More about Brewing", "Change");
    await dialog.getByRole("button", { name: "Save" }).press("Enter");
    await closed();
    await focusOn(button("More about Brewing"));
    await page.getByRole("link", { name: /Are there gift cards/ }).press("Enter");
    await press(/^Version/, "Delete");
    await escape();
    await focusOn(button(/^Version/));
    await press(/^Version/, "Delete");
    await dialog.getByRole("button", { name: "Delete for good" }).press("Enter");
    await page.getByRole("button", { name: "New article" }).or(page.getByRole("link", { name: "New article" })).waitFor();
    await focusOn(page.getByRole("heading", { name: "Knowledge", exact: true }));
  });

  await t.test("of the shortcuts", async () => {
    await button(/Your menu/).press("Enter");
    await page.getByRole("menuitem", { name: "Keyboard shortcuts" }).press("Enter");
    await dialog.waitFor();
    await escape();
    await focusOn(button(/Your menu/));
  });

  await leave(admin, [server.url]);
});
