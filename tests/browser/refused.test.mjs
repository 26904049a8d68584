// The widget on a page that the server will not have: told to the visitor, and to who builds the page.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { post, put } from "../clients/harness/people.mjs";
import { leave, newPerson, openBrowser } from "./harness/browser.mjs";
import { startForeignSite } from "./harness/foreign.mjs";
import { closeShop, demoPerson, openShop } from "./harness/shop.mjs";
import { chatIn, openChat } from "./harness/widget.mjs";

let browser;
let site;
let shop;
let olivia;

before(async () => {
  site = await startForeignSite("");
  shop = await openShop();
  site.api = shop.server.url;
  browser = await openBrowser();
  olivia = await demoPerson(shop, "olivia");
});

after(async () => {
  await browser?.close();
  site?.close();
  if (shop) await closeShop(shop);
});

test("an origin that no key lists, and a key that is unknown, are named; a listed one is let in", async () => {
  const visitor = await newPerson(browser, { isExpected: (fault) => /blocked by CORS|ERR_FAILED|status of 401/.test(fault) });
  const { page } = visitor;
  const warnings = [];
  page.on("console", (message) => message.type() === "warning" && warnings.push(message.text()));
  const body = { kind: "publishable", name: "The site", allowed_origins: ["https://other.example"] };
  const made = await post(shop.server, olivia, "/api/api-keys", body);

  site.key = made.api_key;
  await isRefused(page);
  assert.equal(warnings.length, 1, warnings.join("\n"));
  assert.match(warnings[0], new RegExp(`pages of ${site.url} are not let in .*Settings, Widget.*origin_not_allowed`));

  await put(shop.server, olivia, `/api/api-keys/${made.api_key_id}`, { name: "The site", allowed_origins: [site.url] });
  site.key = `${made.api_key.slice(0, -4)}aaaa`;
  await isRefused(page);
  assert.equal(warnings.length, 2, warnings.join("\n"));
  assert.match(warnings[1], /does not know this apiKey.*unauthorized/);

  site.key = made.api_key;
  await page.goto(site.url);
  // It was open on the page before.
  const chat = chatIn(page);
  await chat.write("Let in at last");
  await chat.message("Let in at last").getByText("Sent").waitFor();
  assert.equal(warnings.length, 2);
  await leave(visitor, [site.url, shop.server.url]);
});

async function isRefused(page) {
  await page.goto(site.url);
  const { dialog, field } = await openChat(page);
  await dialog.getByRole("alert").filter({ hasText: "The chat is not available here." }).waitFor();
  assert.equal(await field.count(), 0);
}
