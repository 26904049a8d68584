// Webhooks in the console: an admin has a server told, tries it, sees what it was told and what went wrong, exchanges its
// secret and takes it away. The receiver is a real one, and checks each signature.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { get, newCustomer, newTicket, post } from "../clients/harness/people.mjs";
import { changeSqlite } from "../clients/harness/sqlite.mjs";
import { poll } from "../clients/harness/wait.mjs";
import { startReceiver, verified } from "../clients/harness/webhooks.mjs";
import { assertAccessible } from "./harness/axe.mjs";
import { leave, newPerson, openBrowser } from "./harness/browser.mjs";
import { focusOn, signIn } from "./harness/console.mjs";
import { closeShop, demoPerson, openShop } from "./harness/shop.mjs";

let browser;
let receiver;
let shop;

before(async () => {
  receiver = await startReceiver();
  shop = await openShop({ env: { SMILECHAT_OUTBOUND__OWN_HOSTS: receiver.host } });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  if (shop) await closeShop(shop);
  await receiver?.stop();
});

test("an admin has a server told what happens", async (t) => {
  const { server } = shop;
  const isExpected = (fault) => /422 \(Unprocessable/.test(fault);
  const admin = await newPerson(browser, { hasAxe: true, isExpected });
  const { page } = admin;
  await signIn(page, server.url, "olivia");
  const customer = await newCustomer(server);
  const dialog = page.getByRole("dialog");
  const secret = dialog.locator("code");
  const deliveries = page.getByRole("region", { name: "Deliveries" });
  const of = (type) => deliveries.getByRole("listitem").filter({ hasText: type });
  const tried = page.getByRole("status", { name: "The test" });
  const closed = () => dialog.waitFor({ state: "hidden" });
  let first;
  let ticket;

  await t.test("where there is none, it is said what they are for, and where more of it stands", async () => {
    await page.goto(`${server.url}/app/settings/webhooks`);
    await page.getByRole("heading", { name: "Tell your own server" }).waitFor();
    await assertAccessible(page, "no webhook");
    const more = await page.getByRole("link", { name: /What is sent/ }).getAttribute("href");
    assert.match(await (await fetch(server.url + more)).text(), /^# Webhooks/);
  });

  await t.test("what the server refuses stands beside its field", async () => {
    await page.getByRole("button", { name: "New webhook" }).click();
    const address = dialog.getByLabel("Address");
    const save = dialog.getByRole("button", { name: "Make the webhook" });
    await address.fill("http://10.0.0.1/hooks");
    await save.click();
    await dialog.getByText("It is no public address.").waitFor();
    assert.equal(await address.getAttribute("aria-invalid"), "true");
    assert.ok(await address.evaluate((field) => field === document.activeElement), "who is told is taken there");
    await address.fill("shop.example");
    await save.click();
    await dialog.getByText(/begins with http/).waitFor();
    await dialog.getByRole("radio", { name: "Only some things" }).check();
    assert.ok(await save.isDisabled(), "none at all would be everything");
    await dialog.getByText("Choose one at least.").waitFor();
    await assertAccessible(page, "a form with faults");
  });

  await t.test("its secret is shown once", async () => {
    await dialog.getByLabel("Address").fill(receiver.url("/hook"));
    await dialog.getByLabel("Description").fill("The shop's stock");
    for (const what of ["A ticket is opened", "A message is sent"]) await dialog.getByLabel(what).check();
    await dialog.getByRole("button", { name: "Make the webhook" }).click();
    await dialog.getByText("It is shown only now.").waitFor();
    first = await secret.textContent();
    assert.match(first, /^whsec_/);
    await assertAccessible(page, "a secret");
    const copy = dialog.getByRole("button", { name: "Copy the secret" });
    assert.ok(await copy.evaluate((button) => button === document.activeElement), "one Enter too many copies it");
    await page.keyboard.press("Escape");
    await page.mouse.click(5, 5);
    // What closes by either is out of sight within a quarter of a second.
    await page.waitForTimeout(500);
    assert.equal(await secret.textContent(), first, "a slip does not lose it");
    await copy.press("Tab");
    await page.keyboard.press("Enter");
    await closed();
    // The button that opened it is on another page.
    await focusOn(page.getByRole("heading", { name: receiver.url("/hook") }));
    await page.reload();
    await page.getByText("The shop's stock").waitFor();
    assert.ok(!(await page.content()).includes(first), "nobody is shown it again");
  });

  await t.test("a test arrives, signed, and how it went is told", async () => {
    await page.getByRole("button", { name: "Send a test" }).click();
    await tried.getByText(/^Delivered: answered 204 in \d+ ms\.$/).waitFor();
    const [sent] = await receiver.until("/hook", 1);
    assert.equal(verified(first, sent).type, "webhook.test");
  });

  await t.test("what happens arrives, and is listed", async () => {
    ticket = (await newTicket(server, customer, { message_content: "Where is order 20480?" })).ticket_id;
    const told = await receiver.until("/hook", 3);
    for (const one of told) verified(first, one);
    assert.deepEqual(told.slice(1).map(({ body }) => body.type), ["ticket.created", "message.sent"]);
    for (const type of ["ticket.created", "message.sent"]) {
      await of(type).getByText("Delivered", { exact: true }).waitFor();
      await of(type).getByText(/Answered 204 in \d+ ms/).waitFor();
    }
    await of("message.sent").getByText("What is sent").click();
    await of("message.sent").getByText('"message_content": "Where is order 20480?"').waitFor();
    await of("message.sent").getByText(told[2].headers["webhook-id"]).waitFor();
    await assertAccessible(page, "what a webhook was told");
  });

  await t.test("what is delivered can be sent again, and is the same", async () => {
    await of("message.sent").getByRole("button", { name: "Send again" }).click();
    const told = await receiver.until("/hook", 4);
    assert.equal(told[3].raw, told[2].raw);
    assert.equal(told[3].headers["webhook-id"], told[2].headers["webhook-id"]);
  });

  await t.test("what is being sent says so, and is not offered to be sent now", async () => {
    let held;
    receiver.answer = (_, response) => (held = response);
    await post(server, customer, `/api/messages/${ticket}`, { message_content: "Anybody?" });
    const newest = of("message.sent").first();
    await newest.getByText("Being sent just now").waitFor();
    // It says so from the moment that the delivery is claimed.
    await poll("the receiver to have it", 5_000, () => held);
    assert.equal(await newest.getByRole("button").count(), 0);
    receiver.answer = undefined;
    held.writeHead(204).end();
    await newest.getByText("Delivered", { exact: true }).waitFor();
    await newest.getByRole("button", { name: "Send again" }).waitFor();
  });

  await t.test("what a receiver does not take says why, and is sent again by hand", async () => {
    receiver.answer = (_, response) => response.writeHead(500).end();
    await page.getByRole("button", { name: "Send a test" }).click();
    await tried.getByText(/^The receiver had a fault of its own: it answered 500, after \d+ ms\.$/).waitFor();
    await post(server, customer, `/api/messages/${ticket}`, { message_content: "Hello?" });
    const newest = of("message.sent").first();
    await newest.getByText("The receiver had a fault of its own: it answered 500").waitFor();
    await newest.getByText("To be sent").waitFor();
    await page.getByText("Every attempt fails").waitFor();
    await assertAccessible(page, "a webhook that fails");
    // As it stands after three days of attempts, even if one is under way just now.
    changeSqlite(
      `${server.folder}/smilechat.db`,
      `update webhook_deliveries set state = 'failed', attempts = 10, claimed_until = null, done_at = created_at
       where done_at is null`,
    );
    await newest.getByText("Given up").waitFor();
    await newest.getByText("10 attempts").waitFor();
    await page.getByRole("combobox", { name: "Which deliveries" }).click();
    await page.getByRole("option", { name: "Given up" }).click();
    await page.waitForFunction((count) => document.querySelectorAll("section[aria-label=Deliveries] li").length === count, 1);
    receiver.answer = undefined;
    const before = receiver.at("/hook").length;
    await newest.getByRole("button", { name: "Send again" }).click();
    const told = await receiver.until("/hook", before + 1);
    assert.equal(verified(first, told.at(-1)).data.message.message_content, "Hello?");
    await deliveries.getByText("There is none of this kind.").waitFor();
    await page.getByRole("combobox", { name: "Which deliveries" }).click();
    await page.getByRole("option", { name: "All" }).click();
    await newest.getByText(/Answered 204/).waitFor();
    await page.getByText("Every attempt fails").waitFor({ state: "hidden" });
  });

  await t.test("older ones come on demand", async () => {
    const known = await deliveries.getByRole("listitem").count();
    for (let place = 0; place < 25; place += 1) {
      await post(server, customer, `/api/messages/${ticket}`, { message_content: `${place}` });
    }
    await deliveries.getByRole("button", { name: "Older ones" }).click();
    await page.waitForFunction(
      (count) => document.querySelectorAll("section[aria-label=Deliveries] li").length === count,
      known + 25,
    );
  });

  await t.test("a new secret is shown once, and the old one signs beside it", async () => {
    await page.getByRole("button", { name: "Make a new secret" }).click();
    await dialog.getByText(/signs for 24 hours/).waitFor();
    await dialog.getByRole("button", { name: "Make a new one" }).click();
    await dialog.getByText("It is shown only now.").waitFor();
    await secret.waitFor();
    const second = await secret.textContent();
    assert.notEqual(second, first);
    await dialog.getByText("The old one signs for 24 hours, too.").waitFor();
    await dialog.getByRole("button", { name: "Done" }).click();
    await closed();
    await focusOn(page.getByRole("button", { name: "Make a new secret" }));
    const before = receiver.at("/hook").length;
    await page.getByRole("button", { name: "Send a test" }).click();
    const sent = (await receiver.until("/hook", before + 1)).at(-1);
    for (const one of [first, second]) assert.equal(verified(one, sent).type, "webhook.test");
  });

  await t.test("what is saved as it is stays as it is", async () => {
    const olivia = await demoPerson(shop, "olivia");
    const before = (await get(server, olivia, "/api/webhooks")).data;
    await page.getByRole("button", { name: "Change", exact: true }).click();
    await dialog.getByRole("button", { name: "Save" }).click();
    await closed();
    assert.deepEqual((await get(server, olivia, "/api/webhooks")).data, before);
  });

  await t.test("it is changed and switched off", async () => {
    await page.getByRole("button", { name: "Change", exact: true }).click();
    await dialog.getByLabel("A customer rates a ticket").check();
    await dialog.getByRole("switch", { name: "Switched on" }).click();
    await assertAccessible(page, "the form of one that is there");
    await dialog.getByRole("button", { name: "Save" }).click();
    await closed();
    await page.getByText("ticket.created, ticket.rated, message.sent").waitFor();
    const [webhook] = (await get(server, await demoPerson(shop, "olivia"), "/api/webhooks")).data;
    assert.deepEqual([webhook.is_enabled, webhook.types.length, webhook.url], [false, 3, receiver.url("/hook")]);
    await page.getByRole("link", { name: "All webhooks" }).click();
    const row = page.getByRole("listitem").filter({ has: page.getByRole("link", { name: receiver.url("/hook") }) });
    await row.getByText("Off", { exact: true }).waitFor();
    await row.getByRole("button", { name: /^More about/ }).click();
    await page.getByRole("menuitem", { name: "Switch on" }).click();
    await row.getByText("On", { exact: true }).waitFor();
    await assertAccessible(page, "the list of webhooks");
  });

  await t.test("one whose receiver is gone says why it is off", async () => {
    receiver.answer = (_, response) => response.writeHead(410).end();
    await post(server, customer, `/api/messages/${ticket}`, { message_content: "Still there?" });
    await page.getByRole("link", { name: receiver.url("/hook") }).press("Enter");
    await page.getByText("it is gone for good").waitFor();
    await of("message.sent").first().getByText("Waits until the webhook is on again").waitFor();
  });

  await t.test("it is deleted after a question, by the keyboard", async () => {
    await page.getByRole("button", { name: "More about this webhook" }).press("Enter");
    await page.getByRole("menuitem", { name: "Delete" }).press("Enter");
    await dialog.getByText("This cannot be undone.").waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).press("Enter");
    await closed();
    await focusOn(page.getByRole("button", { name: "More about this webhook" }));
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: "Delete" }).press("Enter");
    await dialog.getByRole("button", { name: "Delete" }).press("Enter");
    await page.getByRole("heading", { name: "Tell your own server" }).waitFor();
    await focusOn(page.getByRole("heading", { name: "Webhooks", level: 2 }));
    assert.deepEqual((await get(server, await demoPerson(shop, "olivia"), "/api/webhooks")).data, []);
  });

  await leave(admin, [server.url]);
});

test("support is not offered them", async () => {
  const { url } = shop.server;
  const support = await newPerson(browser);
  await signIn(support.page, url, "ben");
  await support.page.goto(`${url}/app/settings/webhooks`);
  await support.page.getByRole("heading", { name: "For admins only" }).waitFor();
  assert.equal(await support.page.getByRole("link", { name: "Webhooks" }).count(), 0);
  await leave(support, [url]);
});
