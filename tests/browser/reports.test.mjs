// Reports and ratings: a visitor says how it was with the keyboard, staff see it in the ticket and in figures; charts can be
// read by ear, as tables and as files, in the light, in the dark and on a phone.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { assertAccessible } from "./harness/axe.mjs";
import { leave, newPerson, openBrowser } from "./harness/browser.mjs";
import { inboxIn, signIn } from "./harness/console.mjs";
import { closeShop, openShop } from "./harness/shop.mjs";
import { openChat } from "./harness/widget.mjs";

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

test("a visitor rates a closed conversation, and staff see it at once", async () => {
  const { url } = shop.server;
  const visitor = await newPerson(browser, { hasAxe: true });
  const staff = await newPerson(browser, { viewport: { width: 1440, height: 900 } });
  await visitor.page.goto(`${url}/demo`);
  const chat = await openChat(visitor.page);
  await chat.write("Is the shop open on Sunday?");
  await signIn(staff.page, url, "ben");
  await staff.page.goto(`${url}/app/inbox/all`);
  const inbox = inboxIn(staff.page);
  await inbox.row("Is the shop open on Sunday?").click();
  await inbox.answer("From ten to four.");
  await chat.message("From ten to four.").waitFor();
  assert.equal(await chat.dialog.getByRole("radio").count(), 0, "nobody is asked before the end");
  await staff.page.getByRole("button", { name: "Close", exact: true }).click();

  await chat.dialog.getByRole("group", { name: "How did we do?" }).waitFor();
  await assertAccessible(visitor.page, "the question", "smilechat-widget");
  assert.equal(await chat.dialog.getByRole("button", { name: "Send rating" }).count(), 0, "nothing to send yet");
  await chat.dialog.getByRole("radio", { name: "Very bad" }).focus();
  for (let step = 0; step < 3; step++) await visitor.page.keyboard.press("ArrowRight");
  assert.ok(await chat.dialog.getByRole("radio", { name: "Good", exact: true }).isChecked());
  await visitor.page.keyboard.press("Tab");
  await visitor.page.keyboard.type("Quick, thanks!");
  await assertAccessible(visitor.page, "the answer", "smilechat-widget");
  await visitor.page.keyboard.press("Tab");
  await visitor.page.keyboard.press("Enter");
  await chat.dialog.getByRole("status").getByText("Thank you for your rating").waitFor();
  const rated = staff.page.getByRole("region", { name: "Rating", exact: true });
  await rated.getByRole("img", { name: "4 of 5" }).waitFor();
  await rated.getByText("Quick, thanks!").waitFor();

  await chat.dialog.getByRole("button", { name: "Change it" }).click();
  await chat.dialog.getByRole("radio", { name: "Very good" }).check();
  await chat.dialog.getByRole("button", { name: "Send rating" }).click();
  await rated.getByRole("img", { name: "5 of 5" }).waitFor();
  await leave(visitor, [url]);
  await leave(staff, [url]);
});

for (const colorScheme of ["light", "dark"]) {
  test(`reports can be read by everybody, ${colorScheme}`, async () => {
    const { url } = shop.server;
    const admin = await newPerson(browser, { colorScheme, hasAxe: true, viewport: { width: 1440, height: 900 } });
    const { page } = admin;
    await signIn(page, url, "olivia");
    await page.goto(`${url}/app/reports`);
    const opened = page.getByRole("region", { name: "Tickets opened and closed", exact: true });
    await opened.getByRole("application").locator("svg path").first().waitFor();
    await page
      .getByRole("region", { name: "By agent", exact: true })
      .getByRole("button", { name: "Ben Okafor" })
      .waitFor();
    await assertAccessible(page, "reports");

    await opened.getByRole("application").focus();
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowLeft");
    const told = await opened.getByRole("status").textContent();
    assert.match(told, /^\w{3},? \d+ \w+: Opened \d+, Closed \d+$/);
    await opened.getByRole("button", { name: "Table: Tickets opened and closed" }).click();
    assert.equal(await opened.getByRole("row").count(), 31, "thirty days and a head");
    await assertAccessible(page, "a table instead of a chart");

    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download by agent as CSV" }).click();
    const file = await download;
    assert.match(file.suggestedFilename(), /^agents-\d{4}-\d\d-\d\d-\d{4}-\d\d-\d\d\.csv$/);
    assert.match(await readFile(await file.path(), "utf8"), /^\uFEFFid,name,opened,.*\r\n.*Ben Okafor/);

    await page
      .getByRole("region", { name: "By agent", exact: true })
      .getByRole("button", { name: "Ben Okafor" })
      .click();
    await page.getByRole("region", { name: "Tickets taken and closed", exact: true }).waitFor();
    await page.getByText("Custom", { exact: true }).click();
    await page.getByLabel("First day").fill("2030-01-01");
    await page.getByRole("alert").getByText("The last day is before the first").waitFor();

    await page.goto(`${url}/app/reports/live`);
    await page.getByRole("region", { name: "Staff", exact: true }).getByText("Olivia Marsh").waitFor();
    await assertAccessible(page, "the live board");
    await page.setViewportSize({ width: 390, height: 844 });
    await assertAccessible(page, "the live board on a phone");
    await page.goto(`${url}/app/reports`);
    await opened.getByRole("application").locator("svg path").first().waitFor();
    const { scrolled, width } = await page.evaluate(() => ({
      scrolled: document.documentElement.scrollWidth,
      width: innerWidth,
    }));
    assert.ok(scrolled <= width, `the page is ${scrolled} wide`);
    await assertAccessible(page, "reports on a phone");
    await leave(admin, [url]);
  });
}

test("support see the team's figures and their own, and none of a colleague", async () => {
  const { url } = shop.server;
  const support = await newPerson(browser, { viewport: { width: 1280, height: 800 } });
  const { page } = support;
  await signIn(page, url, "chloe");
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  const you = page.getByRole("region", { name: "You", exact: true });
  await you.getByRole("rowheader", { name: /Chloé Laurent/ }).waitFor();
  assert.equal(await you.getByRole("row").count(), 2);
  await leave(support, [url]);
});
