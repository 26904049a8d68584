// What the team knows, from end to end: an article is written and published in the console, the bot answers a visitor of the
// shop with it, staff see what it did, take over and give back; and the helps that staff have while writing.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { call, get, put } from "../clients/harness/people.mjs";
import { poll } from "../clients/harness/wait.mjs";
import { leave, newPerson, openBrowser, PATIENCE_MS } from "./harness/browser.mjs";
import { inboxIn, signIn } from "./harness/console.mjs";
import { closeShop, demoPerson, newestTicket, openShop } from "./harness/shop.mjs";
import { openChat } from "./harness/widget.mjs";

const TITLE = "Do you repair zeppelins?";
const BODY =
  "Yes, every **Tuesday**, in the hangar.\n\n<img src=x onerror=__ran(1)>\n\n[Book](https://shop.example/hangar)";

let browser;
let shop;
let olivia;

before(async () => {
  shop = await openShop();
  olivia = await demoPerson(shop, "olivia");
  await put(shop.server, olivia, "/api/bot", { enabled: true });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  if (shop) await closeShop(shop);
});

test("an article is written and published in the console, and the bot answers with it", async (t) => {
  const { url } = shop.server;
  const isExpected = (fault) => /409 \(Conflict\)/.test(fault);
  const staff = await newPerson(browser, { isExpected, viewport: { width: 1440, height: 900 } });
  const { page } = staff;
  await signIn(page, url, "olivia");
  const found = async () => (await (await fetch(`${url}/api/kb/search?q=repair+zeppelins`)).json()).data;
  const say = (text) => page.getByRole("alert").filter({ hasText: text });

  await t.test("it is begun, and what is not saved outlives another page", async () => {
    await page.getByRole("link", { name: "Knowledge" }).click();
    await page.getByRole("button", { name: "New article" }).click();
    await page.getByLabel("Title").fill(TITLE);
    await page.getByLabel("Text", { exact: true }).fill(BODY);
    const preview = page.getByRole("region", { name: "Preview" });
    await preview.locator("strong", { hasText: "Tuesday" }).waitFor();
    await preview.getByRole("link", { name: "Book" }).waitFor();
    await preview.getByText("<img src=x onerror=__ran(1)>").waitFor();
    await page.getByRole("link", { name: "Back to all articles" }).click();
    await page.getByRole("button", { name: "New article" }).click();
    assert.equal(await page.getByLabel("Title").inputValue(), TITLE);
    await page.getByRole("button", { name: "Save draft" }).click();
    await page.getByRole("heading", { name: TITLE, level: 1 }).waitFor();
    assert.deepEqual(await found(), [], "a draft is nobody's to find");
  });

  await t.test("it is published, by the keyboard where one likes", async () => {
    await page.getByRole("combobox", { name: "Keywords" }).fill("airship");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Control+s");
    await page.getByText("The draft is saved.").last().waitFor();
    await page.getByRole("button", { name: "Publish" }).click();
    await page.getByRole("main").getByText("Published", { exact: true }).waitFor();
    await poll("the article is found", PATIENCE_MS, async () => (await found())[0]?.title === TITLE);
  });

  await t.test("two who change it at once are told, and neither loses a word", async () => {
    const slug = "do-you-repair-zeppelins";
    await page.getByLabel("Text", { exact: true }).fill("Yes, every Wednesday, in the hangar.");
    await put(shop.server, olivia, `/api/kb/articles/${slug}`, { body: "Yes, every Thursday, in the hangar." });
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await say("Somebody else saved this article").getByText("Yes, every Thursday, in the hangar.").waitFor();
    await page.getByRole("button", { name: "Go on with mine" }).click();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Saved: readers see it now.").waitFor();
    const { body } = await get(shop.server, olivia, `/api/kb/articles/${slug}`);
    assert.equal(body, "Yes, every Wednesday, in the hangar.");
  });

  await t.test("an earlier version is held against it, and taken up again", async () => {
    await page.getByRole("button", { name: /^Version/ }).click();
    await page.getByRole("menuitem", { name: "All versions" }).click();
    await page.getByRole("button", { name: /^Version 2/ }).click();
    const difference = page.getByRole("region", { name: "How the texts differ" });
    await difference.getByText("Yes, every Wednesday, in the hangar.").waitFor();
    await difference.getByText("Yes, every **Tuesday**, in the hangar.").waitFor();
    await page.getByRole("button", { name: "Take it up again" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Take it up" }).click();
    await page.getByRole("heading", { name: TITLE, level: 1 }).waitFor();
    await poll("the old text", PATIENCE_MS, async () => (await page.getByLabel("Text", { exact: true }).inputValue()) === BODY);
  });

  const visitor = await newPerson(browser);
  await visitor.page.goto(`${url}/demo`);
  const chat = await openChat(visitor.page);
  const inbox = inboxIn(page);
  const head = page.getByRole("region", { name: "Conversation" });

  await t.test("the bot answers a visitor with it, and staff see from what", async () => {
    await chat.write("Do you repair a zeppelin here?");
    await chat.message("in the hangar").waitFor();
    await page.goto(`${url}/app/inbox/unassigned`);
    await inbox.list.getByRole("heading", { name: "Unassigned" }).waitFor();
    await page.getByRole("link", { name: "Bot" }).click();
    await inbox.row(/repair a zeppelin/).click();
    await head.getByText("The bot answers").waitFor();
    await page.getByText("What the bot did").click();
    const run = page.getByRole("article").filter({ hasText: "Do you repair a zeppelin here?" });
    await run.getByText("Answered").waitFor();
    await page.goBack();
    await inbox.message("in the hangar").getByRole("link", { name: TITLE }).click();
    await page.getByRole("heading", { name: TITLE, level: 1 }).waitFor();
    await page.goBack();
  });

  await t.test("staff take over by a word, and give it back", async () => {
    await inbox.answer("I am Olivia, and I fly them myself.");
    await chat.message("I fly them myself").waitFor();
    await head.getByText("A person answers").waitFor();
    await page.getByRole("button", { name: "Give back to the bot" }).click();
    await head.getByText("The bot answers").waitFor();
    assert.equal((await newestTicket(shop, olivia)).bot_state, "bot");
  });

  await t.test("what it does not know is a gap, from which an article is begun", async () => {
    await chat.write("May I bring my submarine to the ballroom?");
    await head.getByText("Waits for a person").waitFor();
    await page.goto(`${url}/app/knowledge/gaps`);
    const gap = page.getByRole("article").filter({ hasText: "submarine" });
    await gap.getByRole("button", { name: "Write an article" }).click();
    await page.getByText("Begun from a question").waitFor();
    assert.equal(await page.getByLabel("Title").inputValue(), "May I bring my submarine to the ballroom?");
  });

  await t.test("it is taken back and deleted, and found no more", async () => {
    await page.goto(`${url}/app/knowledge`);
    await page.getByLabel("Search articles").fill("zeppelin airship");
    await page.getByRole("link", { name: TITLE }).click();
    await page.getByRole("button", { name: /^Version/ }).click();
    await page.getByRole("menuitem", { name: "Unpublish" }).click();
    await page.getByRole("main").getByText("Draft", { exact: true }).waitFor();
    assert.deepEqual(await found(), []);
    await page.getByRole("button", { name: /^Version/ }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete for good" }).click();
    await page.getByRole("heading", { name: "All articles" }).waitFor();
    const { status } = await call(shop.server, "GET", "/api/kb/articles/do-you-repair-zeppelins", {
      token: olivia.access_token,
    });
    assert.equal(status, 404);
  });

  await leave(visitor, [url]);
  await leave(staff, [url]);
});

test("collections are made, ordered and deleted; support reads and drafts", async (t) => {
  const { url } = shop.server;
  await t.test("an admin arranges", async () => {
    const admin = await newPerson(browser);
    const { page } = admin;
    await signIn(page, url, "olivia");
    await page.goto(`${url}/app/knowledge`);
    const shelves = page.getByRole("navigation", { name: "Collections" });
    await page.getByRole("button", { name: "New collection" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("Airships");
    await page.keyboard.press("Enter");
    await shelves.getByRole("button", { name: /^Airships/ }).waitFor();
    const order = () => shelves.getByRole("listitem").allInnerTexts();
    const last = (await order()).findIndex((name) => name.startsWith("Airships"));
    await page.getByRole("button", { name: "More about Airships" }).click();
    await page.getByRole("menuitem", { name: "Move up" }).click();
    await poll("one place up", PATIENCE_MS, async () => (await order())[last - 1]?.startsWith("Airships"));
    await page.getByRole("button", { name: "More about Airships" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await shelves.getByRole("button", { name: /^Airships/ }).waitFor({ state: "hidden" });
    await leave(admin, [url]);
  });

  await t.test("support may not change what is published", async () => {
    const support = await newPerson(browser);
    const { page } = support;
    await signIn(page, url, "ben");
    await page.goto(`${url}/app/knowledge`);
    await page.getByRole("button", { name: "New collection" }).waitFor({ state: "detached" });
    await page.getByRole("link", { name: /What does delivery cost/ }).click();
    await page.getByText("A published article is changed by admins.").waitFor();
    assert.equal(await page.getByLabel("Text", { exact: true }).count(), 0);
    await page.goto(`${url}/app/knowledge/new`);
    await page.getByLabel("Title").fill("How loud is the roaster?");
    await page.getByLabel("Text", { exact: true }).fill("As loud as a tram.");
    assert.equal(await page.getByRole("button", { name: "Publish" }).count(), 0);
    await page.getByRole("button", { name: "Save draft" }).click();
    await page.getByRole("heading", { name: "How loud is the roaster?", level: 1 }).waitFor();
    await page.goto(`${url}/app/settings/bot`);
    await page.getByRole("heading", { name: "For admins only" }).waitFor();
    await leave(support, [url]);
  });
});

test("what the bot says when it is tried is on the screen, and focused", async () => {
  const { url } = shop.server;
  const admin = await newPerson(browser, { viewport: { width: 1280, height: 720 } });
  const { page } = admin;
  await signIn(page, url, "olivia");
  await page.goto(`${url}/app/settings/bot`);
  await page.getByLabel("A question", { exact: true }).fill("What does delivery cost?");
  const ask = page.getByRole("button", { name: "Ask", exact: true });
  await ask.evaluate((button) => button.scrollIntoView({ block: "end" }));
  await ask.click();
  const answer = page.getByRole("region", { name: "What it answers" });
  await answer.getByText("Answered", { exact: true }).waitFor();
  assert.ok(await answer.evaluate((element) => element === document.activeElement), "it is focused");
  const { y, height } = await answer.boundingBox();
  assert.ok(y >= 0 && y + height <= 720, `it is on the screen: from ${y}, ${height} high`);
  await leave(admin, [url]);
});

test("helps for staff go into the draft, are marked, and are never sent by themselves", async () => {
  const { url } = shop.server;
  const staff = await newPerson(browser, { viewport: { width: 1440, height: 900 } });
  const { page } = staff;
  let kinds = ["reply", "summary"];
  const asked = [];
  await page.route("**/api/tickets/*/assist", async (route) => {
    if (route.request().method() === "GET") return route.fulfill({ json: { kinds } });
    const { kind, text = "" } = route.request().postDataJSON();
    asked.push(kind);
    const sources = [{ slug: "delivery-costs", title: "What does delivery cost?", heading: "", score: 0.9 }];
    const texts = { reply: "It is four euros.", summary: "They asked for the price.", translate: `(de) ${text}` };
    const said = { kind, text: texts[kind] ?? `Dear. ${text}`, title: null, sources, model: null, is_marked: true };
    return route.fulfill({ json: said });
  });
  await signIn(page, url, "ben");
  await page.goto(`${url}/app/inbox/all`);
  const inbox = inboxIn(page);
  await inbox.list.getByRole("link").first().click();
  const help = () => page.getByRole("button", { name: "Help with writing" }).click();
  await inbox.reply.fill("Hello,");
  await help();
  assert.equal(await page.getByRole("menuitem", { name: "Shorter" }).count(), 0, "what is not offered is not shown");
  await page.getByRole("menuitem", { name: "Suggest a reply" }).click();
  await page.getByText("Suggested from your articles.").waitFor();
  assert.equal(await inbox.reply.inputValue(), "Hello,\n\nIt is four euros.");
  await page.getByRole("region", { name: "Reply" }).getByRole("link", { name: "What does delivery cost?" }).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  assert.equal(await inbox.reply.inputValue(), "Hello,");
  await page.getByRole("button", { name: "Summarise the conversation" }).click();
  await page.getByText("They asked for the price.").waitFor();

  kinds = ["rewrite", "translate"];
  await page.reload();
  await help();
  assert.equal(await page.getByRole("menuitem", { name: "Suggest a reply" }).count(), 0);
  await page.getByRole("menuitem", { name: "More formal" }).click();
  await page.getByText("Said differently.").waitFor();
  assert.equal(await inbox.reply.inputValue(), "Dear. Hello,");
  await help();
  await page.getByRole("menuitem", { name: "Translate…" }).press("Enter");
  await page.getByRole("menuitem", { name: "Deutsch" }).press("Enter");
  await page.getByText("Translated.").waitFor();
  assert.equal(await inbox.reply.inputValue(), "(de) Dear. Hello,");
  await inbox.log.getByRole("button", { name: "Translate" }).first().click();
  await inbox.log
    .getByText(/^\(de\)/)
    .first()
    .waitFor();
  assert.deepEqual(asked, ["reply", "summary", "rewrite", "translate", "translate"]);
  assert.equal(await inbox.message("Dear. Hello,").count(), 0, "nothing was sent");
  await leave(staff, [url]);
});
