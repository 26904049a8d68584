// The main job: a visitor of the demo shop writes, staff in the console answer, and each sees what the other does.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { allMessages } from "../clients/harness/people.mjs";
import { leave, newPerson, openBrowser, PATIENCE_MS } from "./harness/browser.mjs";
import { inboxIn, signIn } from "./harness/console.mjs";
import { drawing } from "./harness/drawing.mjs";
import { closeShop, demoPerson, newestTicket, openShop } from "./harness/shop.mjs";
import { openChat } from "./harness/widget.mjs";

/** What is meant to take less than one second, on a machine that runs all tests at once. */
const SOON_MS = 5_000;

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

test("a visitor writes in the shop, staff answer in the console, and both see it happen", async (t) => {
  const { url } = shop.server;
  const staff = await newPerson(browser);
  await signIn(staff.page, url);
  await staff.page.goto(`${url}/app/inbox/all`);
  const inbox = inboxIn(staff.page);
  await inbox.list.getByRole("link").first().waitFor();

  const visitor = await newPerson(browser);
  await visitor.page.goto(`${url}/demo`);
  const chat = await openChat(visitor.page);

  await t.test("staff see the first message at once", async (step) => {
    await chat.write("Is the Guji coming back this month?");
    await soon(step, "shown to staff", () => inbox.row(/Is the Guji coming back/).waitFor());
    await inbox.row(/Is the Guji coming back/).click();
    await inbox.message("Is the Guji coming back this month?").waitFor();
  });

  await t.test("each sees the other type", async (step) => {
    await inbox.reply.pressSequentially("It");
    await soon(step, "the visitor sees staff type", () =>
      chat.log.getByRole("img", { name: "Ben Okafor is typing" }).waitFor(),
    );
    await inbox.reply.fill("");
    await chat.log.getByRole("img", { name: /is typing/ }).waitFor({ state: "hidden" });
    await chat.field.pressSequentially("Or");
    await soon(step, "staff see the visitor type", () => staff.page.getByText(/is typing$/).waitFor());
    await chat.field.fill("");
  });

  await t.test("the visitor reads the answer, and the ticks tell", async (step) => {
    await chat.message("Is the Guji").getByText("Read").waitFor();
    await chat.dialog.getByRole("button", { name: "Close chat" }).click();
    await inbox.answer("It is. Two sacks are on the boat.");
    await soon(step, "counted on the closed chat", () =>
      visitor.page.getByRole("button", { name: "Open chat. Unread messages: 1" }).waitFor(),
    );
    await inbox.log.getByRole("img", { name: "Delivered" }).waitFor();
    await visitor.page.getByRole("button", { name: /^Open chat/ }).click();
    await chat.message("Two sacks are on the boat.").waitFor();
    await soon(step, "read", () => inbox.log.getByRole("img", { name: "Read" }).last().waitFor());
  });

  await t.test("the first tick of the visitor: sent, while nobody is there to get it", async () => {
    await staff.page.goto("about:blank");
    await chat.write("Then please keep one bag for me.");
    await chat.message("Then please keep one bag").getByText("Sent").waitFor();
    await staff.page.goBack();
    await chat.message("Then please keep one bag").getByText("Read").waitFor();
  });

  await t.test("pictures and files go both ways", async () => {
    const note = { name: "lamp factory.txt", mimeType: "text/plain", buffer: Buffer.from("Pier 4, second door") };
    await chat.attach([{ name: "bag.png", mimeType: "image/png", buffer: await drawing(browser) }, note]);
    await chat.dialog.getByRole("button", { name: "Remove bag.png" }).waitFor();
    await chat.write("This is the bag.");
    const shown = staff.page.getByRole("img", { name: "bag.png" });
    await shown.waitFor();
    await staff.page.waitForFunction((image) => image.naturalWidth > 0, await shown.elementHandle());
    assert.equal(
      await saved(staff.page, inbox.log.getByRole("button", { name: "Save lamp factory.txt" })),
      "Pier 4, second door",
    );

    await staff.page.locator("input[type=file]").setInputFiles([{ ...note, name: "invoice.txt" }]);
    await staff.page.getByRole("button", { name: "Remove invoice.txt" }).waitFor();
    await inbox.answer("And this is the invoice.");
    const download = chat.log.getByRole("button", { name: "Download invoice.txt" });
    assert.equal(await saved(visitor.page, download), "Pier 4, second door");
  });

  await t.test("a reload keeps everything, in the same order for both and on the server", async () => {
    const ben = await demoPerson(shop, "ben");
    const ticket = await newestTicket(shop, ben);
    const stored = (await allMessages(shop.server, ben, ticket.ticket_id)).filter(({ kind }) => kind === "text");
    const words = stored.map((message) => message.message_content);
    assert.equal(words.length, 5);
    await Promise.all([visitor.page.reload(), staff.page.reload()]);
    await chat.message("And this is the invoice.").waitFor();
    await inbox.message("And this is the invoice.").waitFor();
    assert.deepEqual(await chat.texts(), words);
    assert.deepEqual(await inbox.texts(), words);
  });

  await leave(visitor, [url]);
  await leave(staff, [url]);
});

/** Tells how long it took; a failure is only what nobody would call soon. */
async function soon(step, what, wait) {
  const start = performance.now();
  await wait();
  const took = Math.round(performance.now() - start);
  step.diagnostic(`${what} after ${took} ms`);
  assert.ok(took < SOON_MS, `${what} after ${took} ms`);
}

/** The text of the file that a press of the button saves. */
async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent("download", { timeout: PATIENCE_MS }), button.click()]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
