// The widget on a page that the server will not have: told to the visitor, and to who builds the page.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { get, post, put } from "../clients/harness/people.mjs";
import { leave, newPerson, openBrowser } from "./harness/browser.mjs";
import { signIn } from "./harness/console.mjs";
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
  const visitor = await newPerson(browser, {
    isExpected: (fault) => /blocked by CORS|ERR_FAILED|status of 401/.test(fault),
  });
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

test("a site that is typed by its name alone is completed, and what is none is told where it stands", async () => {
  const staff = await newPerson(browser);
  const { page } = staff;
  await signIn(page, shop.server.url, "olivia");
  await page.goto(`${shop.server.url}/app/settings/keys`);
  await page.getByRole("button", { name: "New key" }).click();
  const form = page.getByRole("dialog");
  await form.getByLabel("Name").fill("Typed by hand");
  const sites = form.getByLabel("Sites that may use it");
  await sites.fill("shop.example");
  await sites.press("Enter");
  await sites.fill("*.shop.example");
  await sites.press("Enter");
  await form.getByText("*.shop.example is no address of a site").waitFor();
  assert.ok(await form.getByRole("button", { name: "Make the key" }).isDisabled());
  await sites.press("Backspace");
  // What stands in the field when the form is sent counts too.
  await sites.fill("localhost:3000/cart");
  await form.getByRole("button", { name: "Make the key" }).click();
  await page.getByRole("dialog", { name: "Your new key" }).getByRole("button", { name: "Done" }).click();
  const { data } = await get(shop.server, olivia, "/api/api-keys");
  const [made] = data.filter((key) => key.name === "Typed by hand");
  assert.deepEqual(made.allowed_origins, ["https://shop.example", "http://localhost:3000"]);

  await page.goto(`${shop.server.url}/app/settings/widget`);
  const site = page.getByRole("textbox", { name: "Your site" });
  await site.fill("ftp://shop.example");
  await site.press("Tab");
  await page.getByText("This is no address of a site").waitFor();
  await site.fill("Shop.example/cart");
  await page.getByRole("button", { name: "Make a key for it" }).click();
  await page.getByText("The key is made for this site").waitFor();
  assert.equal(await site.inputValue(), "https://shop.example");
  await leave(staff, [shop.server.url]);
});

async function isRefused(page) {
  await page.goto(site.url);
  const { dialog, field } = await openChat(page);
  await dialog.getByRole("alert").filter({ hasText: "The chat is not available here." }).waitFor();
  assert.equal(await field.count(), 0);
}
