// The network goes away for everybody, both sides go on writing, and it comes back.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { allMessages } from "../clients/harness/people.mjs";
import { poll } from "../clients/harness/wait.mjs";
import { leave, newPerson, openBrowser, PATIENCE_MS } from "./harness/browser.mjs";
import { inboxIn, signIn } from "./harness/console.mjs";
import { isConnectionLost, startNetwork } from "./harness/network.mjs";
import { closeShop, demoPerson, newestTicket, openShop } from "./harness/shop.mjs";
import { openChat } from "./harness/widget.mjs";

/** Long enough for the pages to give up on their sockets, notice, and wait longer between two tries. */
const RECONNECTED_MS = 45_000;

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

test("what is written while the network is cut arrives once, in one order, and a reload keeps it", async (t) => {
  const { url } = network;
  const staff = await newPerson(browser, { isExpected: isConnectionLost });
  const visitor = await newPerson(browser, { isExpected: isConnectionLost });
  await Promise.all([signIn(staff.page, url), visitor.page.goto(`${url}/demo`)]);
  const inbox = inboxIn(staff.page);
  const chat = await openChat(visitor.page);
  await chat.write("Before the storm");
  await staff.page.goto(`${url}/app/inbox/all`);
  await inbox.row(/Before the storm/).click();
  await inbox.answer("We are here");
  await chat.message("We are here").waitFor();
  const ben = await demoPerson(shop, "ben");
  const { ticket_id: ticketId } = await newestTicket(shop, ben);
  const fromVisitor = [1, 2, 3].map((number) => `Visitor in the dark ${number}`);
  const fromStaff = [1, 2, 3].map((number) => `Staff in the dark ${number}`);

  await t.test("both are told, and go on writing", async () => {
    network.cut();
    for (const text of fromVisitor) await chat.write(text);
    for (const text of fromStaff) await inbox.answer(text);
    await chat.dialog.getByText(/^No connection/).waitFor();
    await staff.page.getByText(/^You are offline/).waitFor();
    await chat.message(fromVisitor[2]).getByText("Sending").waitFor();
    await inbox.message(fromStaff[2]).getByText("Sending").waitFor();
  });

  await t.test("it comes back: nothing is lost, nothing is doubled, and all have one order", async (step) => {
    const start = performance.now();
    network.mend();
    const stored = await poll("all that was written", RECONNECTED_MS, async () => {
      const texts = await textsOf(ben, ticketId);
      return texts.length >= 8 && texts;
    });
    step.diagnostic(`stored ${Math.round(performance.now() - start)} ms after the network was back`);
    const expected = ["Before the storm", "We are here", ...fromVisitor, ...fromStaff];
    assert.deepEqual([...stored].sort(), expected.sort());
    assert.deepEqual(
      stored.filter((text) => text.startsWith("Visitor")),
      fromVisitor,
    );
    assert.deepEqual(
      stored.filter((text) => text.startsWith("Staff")),
      fromStaff,
    );
    await sameFor(chat, inbox, stored);
    await chat.dialog.getByText(/^(No connection|Connected again)/).waitFor({ state: "hidden", timeout: RECONNECTED_MS });
    await staff.page
      .getByText(/^(You are offline|Connected again)/)
      .waitFor({ state: "hidden", timeout: RECONNECTED_MS });
  });

  await t.test("what is not sent yet survives when both close their pages", async () => {
    network.cut();
    await chat.write("Visitor before the end");
    await inbox.answer("Staff before the end");
    await chat.message("Visitor before the end").getByText("Sending").waitFor();
    await inbox.message("Staff before the end").getByText("Sending").waitFor();
    await Promise.all([visitor.page.goto("about:blank"), staff.page.goto("about:blank")]);
    assert.equal((await textsOf(ben, ticketId)).length, 8, "nothing got out");
    network.mend();
    await Promise.all([visitor.page.goto(`${url}/demo`), staff.page.goto(`${url}/app/inbox/all/${ticketId}`)]);
    const stored = await poll("what was left unsent", RECONNECTED_MS, async () => {
      const texts = await textsOf(ben, ticketId);
      return texts.length >= 10 && texts;
    });
    assert.deepEqual(stored.slice(8).sort(), ["Staff before the end", "Visitor before the end"]);
    await sameFor(chat, inbox, stored);
  });

  await leave(visitor, [url]);
  await leave(staff, [url]);
});

/** Both screens come to show just what is stored. */
async function sameFor(chat, inbox, stored) {
  const isSame = (texts) => texts.join("\n") === stored.join("\n");
  for (const side of [chat, inbox]) {
    await poll("the stored order on the screen", PATIENCE_MS, async () => isSame(await side.texts())).catch(() => {});
    assert.deepEqual(await side.texts(), stored);
    await poll("the last tick", PATIENCE_MS, async () => (await side.log.getByText("Sending").count()) === 0);
  }
}

async function textsOf(reader, ticketId) {
  const messages = await allMessages(shop.server, reader, ticketId);
  return messages.filter(({ kind }) => kind === "text").map((message) => message.message_content);
}
