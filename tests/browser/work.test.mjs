// What must not get lost while one works: drafts without a storage, files beside a note, a ticket closed only after its
// answer, a picture that fails at first.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { poll } from "../clients/harness/wait.mjs";
import { get } from "../clients/harness/people.mjs";
import { leave, newPerson, openBrowser, PATIENCE_MS } from "./harness/browser.mjs";
import { inboxIn, signIn } from "./harness/console.mjs";
import { drawing } from "./harness/drawing.mjs";
import { isConnectionLost, startNetwork } from "./harness/network.mjs";
import { closeShop, demoPerson, newestTicket, openShop } from "./harness/shop.mjs";
import { openChat } from "./harness/widget.mjs";

let browser;
let shop;
let network;

before(async () => {
  shop = await openShop();
  browser = await openBrowser();
  network = await startNetwork(shop.server.port);
});

after(async () => {
  await browser?.close();
  network?.close();
  if (shop) await closeShop(shop);
});

test("a browser that forbids storage breaks neither page", async () => {
  const { url } = shop.server;
  const people = await Promise.all([newPerson(browser), newPerson(browser)]);
  const [staff, visitor] = people;
  for (const { context } of people) await context.addInitScript(forbidStorage);
  await Promise.all([signIn(staff.page, url), visitor.page.goto(`${url}/demo`)]);
  const chat = await openChat(visitor.page);
  await chat.write("Nothing is kept here");
  await chat.message("Nothing is kept here").getByText("Sent").waitFor();
  const inbox = inboxIn(staff.page);
  await staff.page.getByRole("link", { name: /^All open/ }).click();
  await inbox.row(/Nothing is kept here/).click();
  await inbox.reply.fill("Half an answer");
  await inbox.list.getByRole("link").nth(1).click();
  await poll("the other ticket's empty field", PATIENCE_MS, async () => (await inbox.reply.inputValue()) === "");
  await inbox.row(/Nothing is kept here/).click();
  await poll("the draft", PATIENCE_MS, async () => (await inbox.reply.inputValue()) === "Half an answer");
  await inbox.reply.press("Enter");
  await chat.message("Half an answer").waitFor();
  for (const person of people) await leave(person, [url]);
});

test("files go on beside a note, a picture that failed comes at the second try, and closing waits for the answer", async (t) => {
  const { url } = network;
  // The answer has just changed the ticket that is to be closed: the console is told so, and closes what it has become.
  const isExpected = (fault) => isConnectionLost(fault) || /thumb|409 \(Conflict\)/.test(fault);
  const staff = await newPerson(browser, { isExpected });
  const visitor = await newPerson(browser);
  await Promise.all([signIn(staff.page, url), visitor.page.goto(`${shop.server.url}/demo`)]);
  const inbox = inboxIn(staff.page);
  const chat = await openChat(visitor.page);
  const picture = { name: "bag.png", mimeType: "image/png", buffer: await drawing(browser) };

  await t.test("a picture that cannot be loaded says so, and can be tried again", async () => {
    let isBroken = true;
    await staff.page.route(/size=thumb/, (route) => (isBroken ? route.abort() : route.continue()));
    await chat.attach([picture]);
    await chat.write("Look at this bag");
    await chat.message("Look at this bag").getByText("Sent").waitFor();
    await staff.page.goto(`${url}/app/inbox/all`);
    await inbox.row(/bag\.png/).click();
    await inbox.log.getByText("could not be loaded").waitFor();
    isBroken = false;
    await inbox.log.getByRole("button", { name: "Try again" }).click();
    await staff.page.getByRole("img", { name: "bag.png" }).waitFor();
  });

  await t.test("a file stays with the reply while a note is written", async () => {
    await staff.page.locator("input[type=file]").setInputFiles([{ ...picture, name: "label.png" }]);
    await staff.page.getByRole("button", { name: "Private note" }).click();
    await staff.page.getByRole("textbox", { name: "Private note" }).fill("Ask the roaster");
    await staff.page.getByRole("button", { name: "Reply", exact: true }).click();
    await staff.page.getByRole("button", { name: "Remove label.png" }).waitFor();
    await inbox.answer("Here is the label");
    await chat.message("Here is the label").waitFor();
  });

  await t.test("a ticket is closed after its last answer is stored, not before", async () => {
    const ben = await demoPerson(shop, "ben");
    const { ticket_id: id } = await newestTicket(shop, ben);
    const status = async () => (await get(shop.server, ben, `/api/tickets/${id}`)).status;
    network.cut();
    await inbox.reply.fill("Good bye");
    await staff.page.getByRole("button", { name: "More ways to send" }).click();
    await staff.page.getByRole("menuitem", { name: "Send and close the ticket" }).click();
    await staff.page.getByText("The ticket closes once your answer is sent").waitFor();
    await inbox.message("Good bye").getByText("Sending").waitFor();
    assert.notEqual(await status(), "closed");
    network.mend();
    await chat.message("Good bye").waitFor({ timeout: 45_000 });
    await poll("the closed ticket", 45_000, async () => (await status()) === "closed");
  });

  await leave(visitor, [shop.server.url]);
  await leave(staff, [url]);
});

function forbidStorage() {
  for (const name of ["localStorage", "sessionStorage"]) {
    Object.defineProperty(window, name, {
      get() {
        throw new DOMException("forbidden", "SecurityError");
      },
    });
  }
}
