// The staff's side, by what staff see and press.

import assert from "node:assert/strict";

import { poll } from "../../clients/harness/wait.mjs";
import { PASSWORD } from "./shop.mjs";

/** Signs in through the form and waits for the inbox. */
export async function signIn(page, url, username = "ben") {
  await page.goto(`${url}/app`);
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Mine" }).waitFor();
}

/** Waits until it has the focus, and tells what has it otherwise. */
export async function focusOn(locator) {
  await locator.waitFor();
  const hasIt = () => locator.evaluate((element) => element === document.activeElement);
  await poll("the focus to arrive", 5_000, hasIt).catch(async () => {
    const held = await locator.evaluate(() => document.activeElement?.outerHTML.slice(0, 200));
    assert.fail(`the focus is not on ${locator}, but on ${held}`);
  });
}

export function inboxIn(page) {
  const list = page.getByRole("region", { name: "Tickets", exact: true });
  const log = page.getByRole("log", { name: "Messages" });
  const reply = page.getByLabel("Your reply");
  return {
    list,
    log,
    reply,
    row: (subject) => list.getByRole("link", { name: subject }),
    async answer(text) {
      await reply.fill(text);
      await reply.press("Enter");
    },
    message: (text) => log.getByRole("article").filter({ hasText: text }),
    /** The messages on the screen, from above. */
    texts: () => log.locator("article[data-side] [data-state][dir]").allTextContents(),
  };
}
