// Text that wants to be a script, in every field that keeps text, on every page that shows it. It stays text.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { post, put } from "../clients/harness/people.mjs";
import { poll } from "../clients/harness/wait.mjs";
import { leave, newPerson, openBrowser, PATIENCE_MS } from "./harness/browser.mjs";
import { inboxIn, signIn } from "./harness/console.mjs";
import { asTag, PAYLOADS } from "./harness/payloads.mjs";
import { closeShop, demoPerson, newestTicket, openShop } from "./harness/shop.mjs";
import { chatIn, openChat } from "./harness/widget.mjs";

/** Those that want out of where they stand; as many as there may be quick replies. */
const OUTBREAKS = PAYLOADS.slice(43, 49);

const BAIT = "http://bait.test/";

let browser;
let shop;
let stored;

before(async () => {
  shop = await openShop();
  browser = await openBrowser();
  stored = await storeEverywhere();
});

after(async () => {
  await browser?.close();
  if (shop) await closeShop(shop);
});

test("the texts bite where a page takes them for HTML, and each bite is noticed", async () => {
  const victim = await newPerson(browser);
  const { context, page, run, requests } = victim;
  const frames = PAYLOADS.map(
    (payload) => `<iframe srcdoc="${payload.replace(/&/g, "&amp;").replace(/"/g, "&quot;")}"></iframe>`,
  );
  const bait = { contentType: "text/html", body: `<!doctype html><title>Bait</title>${frames.join("")}` };
  await context.route("**", (route) => (route.request().url() === BAIT ? route.fulfill(bait) : route.abort()));
  await page.goto(BAIT);
  const bites = () => run.length + new Set(requests.filter((url) => url.includes("//x.test"))).size;
  await poll("half of them to bite", PATIENCE_MS, () => bites() >= PAYLOADS.length / 2);
  await context.close();
});

test("in the console's list, conversations, details, notices and palette", async (t) => {
  const { url } = shop.server;
  const staff = await newPerson(browser, { viewport: { width: 1440, height: 900 } });
  await staff.context.addInitScript(catchNotices);
  const { page } = staff;
  await signIn(page, url, "olivia");
  await page.goto(`${url}/app/inbox/all`);
  const inbox = inboxIn(page);

  await t.test("conversations with their people, notes, files, tags and what the site sent along", async () => {
    for (const { payload, ticket, file } of stored) {
      await inbox.row(ticket.subject).first().waitFor();
      await page.keyboard.press("j");
      await page.waitForURL(`**/${ticket.ticket_id}`);
      await inbox.log.getByRole("button", { name: `Save ${file.name} ` }).waitFor();
      const shown = {
        head: page.getByRole("heading", { level: 2, name: payload, exact: true }),
        message: inbox.log.getByRole("article").getByText(payload, { exact: true }),
        note: inbox.log.getByRole("article", { name: /^Private note/ }).getByText(payload, { exact: true }),
        customer: page.getByRole("heading", { level: 3, name: payload, exact: true }),
        field: page.getByRole("definition").getByText(payload, { exact: true }),
        fieldName: page.getByRole("term").getByText(payload, { exact: true }),
        tag: page.getByRole("region", { name: "Ticket", exact: true }).getByText(asTag(payload), { exact: true }),
        row: inbox.list.locator("[aria-current=true]").getByText(payload, { exact: true }),
      };
      await Promise.all(Object.values(shown).map((locator) => locator.first().waitFor()));
    }
  });

  await t.test("notices of the browser", async () => {
    const { customer, ticket, payload } = stored[0];
    await page.goto(`${url}/app/settings/preferences`);
    await page.getByRole("heading", { name: "Notifications and look" }).first().waitFor();
    await post(shop.server, customer, `/api/messages/${ticket.ticket_id}`, { message_content: payload });
    await page.waitForFunction((text) => window.__notices.some((notice) => notice.includes(text)), payload);
  });

  await t.test("what the palette finds", async () => {
    for (const { payload } of stored.filter((_, index) => index % 10 === 0)) {
      await page.keyboard.press("Control+k");
      const field = page.getByRole("textbox", { name: "Find a ticket or a command" });
      await field.fill(payload);
      await page.getByRole("dialog").getByText(payload, { exact: true }).first().waitFor();
      await page.keyboard.press("Escape");
      await field.waitFor({ state: "hidden" });
    }
  });

  await t.test("settings: people, the widget with its preview, keys", async () => {
    await page.goto(`${url}/app/settings/people`);
    await page.getByText(PAYLOADS[0], { exact: true }).first().waitFor();
    await page.goto(`${url}/app/settings/widget`);
    await page.getByRole("figure").getByText(PAYLOADS[43], { exact: true }).first().waitFor();
    await page.goto(`${url}/app/settings/keys`);
    await page.getByRole("listitem").getByText(PAYLOADS[0]).first().waitFor();
    const keys = await page
      .getByRole("listitem")
      .locator("strong")
      .evaluateAll((names) => names.map(({ firstChild }) => firstChild.data));
    assert.deepEqual(
      PAYLOADS.filter((payload) => !keys.includes(payload)),
      [],
    );
  });

  await leave(staff, [url]);
});

test("in the widget: what staff write and send, who they are, how it greets", async () => {
  const { url } = shop.server;
  const visitor = await newPerson(browser);
  const { page } = visitor;
  await page.goto(`${url}/demo`);
  const chat = await openChat(page);
  for (const reply of OUTBREAKS) await chat.dialog.getByRole("button", { name: reply, exact: true }).waitFor();
  await chat.dialog.getByText(OUTBREAKS.join(" "), { exact: true }).waitFor();
  for (const payload of PAYLOADS) {
    await page.evaluate(
      (text) => window.SmileChat("update", { name: text, greeting: text, quickReplies: [text] }),
      payload,
    );
    await chat.dialog.getByRole("heading", { name: payload, exact: true }).waitFor();
    await chat.dialog.getByRole("button", { name: payload, exact: true }).waitFor();
  }

  await chat.write("Hello");
  await chat.message("Hello").getByText("Sent").waitFor();
  const chloe = await demoPerson(shop, "chloe");
  const ticket = await newestTicket(shop, chloe);
  for (const payload of PAYLOADS) {
    const { attachment_id } = await upload(chloe, ticket, payload);
    const message = { message_content: payload, attachment_ids: [attachment_id] };
    await post(shop.server, chloe, `/api/messages/${ticket.ticket_id}`, message);
  }
  await chat.message(PAYLOADS.at(-1)).first().waitFor();
  // The other tab has all of it from the history, and the card on its closed launcher.
  const texts = (await chat.texts()).filter((text) => PAYLOADS.includes(text));
  assert.deepEqual(texts, PAYLOADS);
  assert.equal(await chat.log.getByRole("button", { name: /^Download / }).count(), PAYLOADS.length);
  await chat.log.getByText(PAYLOADS[3], { exact: true }).first().waitFor();

  await chat.dialog.getByRole("button", { name: "Close chat" }).click();
  for (const payload of PAYLOADS.slice(0, 10)) {
    await post(shop.server, chloe, `/api/messages/${ticket.ticket_id}`, { message_content: payload });
    await page.locator(".preview-text").getByText(payload, { exact: true }).waitFor();
  }
  await page.reload();
  await openChat(page);
  await chatIn(page).message(PAYLOADS.at(-1)).first().waitFor();
  await leave(visitor, [url]);
});

test("in the address of the demo shop", async () => {
  const { url } = shop.server;
  const visitor = await newPerson(browser);
  for (const payload of PAYLOADS.slice(0, 6)) {
    const hostile = encodeURIComponent(payload);
    await visitor.page.goto(`${url}/demo?key=${hostile}#${hostile}`);
    await visitor.page.getByRole("button", { name: /^Open chat/ }).waitFor();
  }
  await leave(visitor, [url]);
});

/** One customer with one ticket for each text, which stands in all that the ticket has. The newest first. */
async function storeEverywhere() {
  const [olivia, chloe] = [await demoPerson(shop, "olivia"), await demoPerson(shop, "chloe")];
  const made = [];
  for (const payload of PAYLOADS) {
    const guest = await post(shop.server, {}, "/api/auth/anonymous", {});
    const customer = { token: guest.access_token };
    await put(shop.server, customer, "/api/users/profile", { name: payload, avatar_url: "https://x.test/face.png" });
    const ticket = await post(shop.server, customer, "/api/tickets", {
      subject: payload,
      message_content: payload,
      tags: [asTag(payload)],
      custom: { [payload]: payload },
    });
    const file = await upload(customer, ticket, payload);
    const message = { message_content: "", attachment_ids: [file.attachment_id] };
    await post(shop.server, customer, `/api/messages/${ticket.ticket_id}`, message);
    await post(shop.server, chloe, `/api/tickets/${ticket.ticket_id}/notes`, { body: payload });
    await post(shop.server, olivia, "/api/api-keys", { kind: "publishable", name: payload });
    made.unshift({ payload, customer, ticket, file });
  }
  await put(shop.server, chloe, "/api/users/profile", { name: PAYLOADS[0] });
  await put(shop.server, olivia, "/api/settings/widget", {
    name: PAYLOADS[43],
    greeting: OUTBREAKS.join(" "),
    quick_replies: OUTBREAKS,
  });
  return made;
}

/** A file of that name; what stands before a slash would be taken for a folder. */
async function upload(person, ticket, name) {
  const form = new FormData();
  form.append("file", new Blob(["text"]), name.replaceAll("/", "-"));
  const answer = await fetch(`${shop.server.url}/api/attachments?ticket_id=${ticket.ticket_id}`, {
    method: "POST",
    headers: { authorization: `Bearer ${person.token}` },
    body: form,
  });
  assert.equal(answer.status, 201);
  return (await answer.json()).data[0];
}

/** Stands in for the browser's notices, and looks away so that there are some. */
function catchNotices() {
  window.__notices = [];
  window.Notification = class {
    static permission = "granted";
    constructor(title, { body }) {
      window.__notices.push(`${title} ${body}`);
    }
    close() {}
  };
  document.hasFocus = () => false;
  localStorage.setItem("smilechat:console:preferences", JSON.stringify({ desktop: true, wasAsked: true }));
}
