// Takes the pictures of docs/pictures/: the demo's people at work, in the built pages. Run by scripts/pictures.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { put } from "../clients/harness/people.mjs";
import { openBrowser, PATIENCE_MS } from "./harness/browser.mjs";
import { inboxIn, signIn } from "./harness/console.mjs";
import { closeShop, demoPerson, openShop } from "./harness/shop.mjs";
import { openChat } from "./harness/widget.mjs";

const folder = fileURLToPath(new URL("../../docs/pictures/", import.meta.url));
const WIDE = { width: 1280, height: 800 };
/** Two windows beside each other, in their own size: a picture that is made smaller is neither sharp nor small. */
const LEFT = { width: 1040, height: 720 };
const RIGHT = { width: 500, height: 720 };
const PHONE = { viewport: { width: 390, height: 780 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

const ENGLISH = {
  question: "Hello! Order 20480 should be here by now. Can you see where it is?",
  answers: ["Hi! Let me look that up for you.", "It is on the van, about an hour away. Will you be at home?"],
  thanks: "I will. Thank you, that was quick! 🙏",
};
const ARABIC = {
  greeting: "مرحبًا! اسألنا عن القهوة، يجيبك محمّص لا آلة.",
  question: "مرحبًا، أين طلبي رقم 20480؟",
  answers: ["أهلًا بك! دعني أتحقق من ذلك.", "طلبك في الطريق، ويصل خلال ساعة تقريبًا."],
  thanks: "شكرًا جزيلًا 🙏",
};

const shop = await openShop();
const browser = await openBrowser();
try {
  await takeAll();
} finally {
  await browser.close();
  await closeShop(shop);
}

async function takeAll() {
  // First, while the figures are those of the demo alone.
  const olivia = await openConsole("olivia", { viewport: { width: 1440, height: 900 } });
  await olivia.goto(`${shop.server.url}/app/reports`);
  await olivia.getByRole("region", { name: "By agent", exact: true }).getByText("Ben Okafor").waitFor();
  await olivia.waitForLoadState("networkidle");
  await take(olivia, "reports");
  await olivia.setViewportSize(WIDE);
  await put(shop.server, await demoPerson(shop, "olivia"), "/api/settings/widget", {
    name: "Slowlight Coffee",
    greeting: "Hi! Questions about an order, a roast or your grinder? We are happy to help.",
    primary_color: "#a8431f",
    quick_replies: ["Where is my order?", "Which beans for espresso?"],
  });
  await olivia.goto(`${shop.server.url}/app/settings/widget`);
  await olivia.getByRole("figure").getByText("Slowlight Coffee").waitFor();
  await take(olivia, "settings");

  const reader = await newPage({ viewport: { width: 1040, height: 640 } });
  await reader.goto(`${shop.server.url}/help/default`);
  await take(reader, "help");

  const ben = await openConsole("ben", { viewport: LEFT });
  const anna = await openShopPage({ viewport: RIGHT }, "Anna Weber");
  await talk(anna, ben, ENGLISH);
  await anna.page
    .getByRole("banner")
    .first()
    .evaluate((shop) => scrollTo(0, shop.offsetTop));
  await besideEachOther(ben, anna.page);

  await addNote(ben, "Second late parcel of this van today. I have asked the depot.");
  await ben.setViewportSize({ width: 1440, height: 900 });
  await ben.getByRole("heading", { name: "History" }).waitFor();
  await take(ben, "console");
  await ben.emulateMedia({ colorScheme: "dark" });
  await take(ben, "console-dark");
  await ben.emulateMedia({ colorScheme: "light" });

  const onPhone = await openShopPage(PHONE, "Mia Fischer");
  await talk(onPhone, ben, ENGLISH);
  await take(onPhone.page, "widget-phone");
  const arabic = await openShopPage({ ...PHONE, colorScheme: "dark" }, "ليلى حداد");
  await arabic.page.evaluate((greeting) => window.SmileChat("update", { language: "ar", greeting }), ARABIC.greeting);
  await talk(arabic, ben, ARABIC);
  await take(arabic.page, "widget-arabic");
}

async function openConsole(username, options) {
  const page = await newPage(options);
  await page.addInitScript(() => {
    localStorage.setItem("smilechat:console:preferences", JSON.stringify({ wasAsked: true }));
  });
  await signIn(page, shop.server.url, username);
  return page;
}

/** The shop with the chat open and its visitor introduced. */
async function openShopPage(options, name) {
  const page = await newPage(options);
  await page.goto(`${shop.server.url}/demo`);
  await page.getByRole("button", { name: /^Open chat/ }).waitFor();
  await page.evaluate(() => window.SmileChat("update", { prechat: "optional", name: "Slowlight Coffee" }));
  const chat = await openChat(page);
  await chat.dialog.getByRole("textbox", { name: "Your name" }).fill(name);
  await chat.dialog.getByRole("button", { name: "Start the chat" }).click();
  return { page, name };
}

async function newPage(options) {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  return context.newPage();
}

/** The visitor asks, staff take the ticket and answer, the visitor is glad, and staff begin to write again. */
async function talk({ page: visitor, name }, staff, { question, answers, thanks }) {
  const chat = visitor.locator("smilechat-widget").getByRole("dialog").first();
  const field = chat.getByRole("textbox");
  await field.fill(question);
  await field.press("Enter");
  await staff.goto(`${shop.server.url}/app/inbox/all`);
  const inbox = inboxIn(staff);
  await inbox.row(name).click();
  await inbox.message(question).waitFor();
  await staff.getByRole("button", { name: "Take" }).click();
  for (const answer of answers) {
    await inbox.answer(answer);
    await chat.getByText(answer).waitFor();
  }
  await field.fill(thanks);
  await field.press("Enter");
  await inbox.message(thanks).waitFor();
  await chat
    .getByRole("article")
    .filter({ hasText: thanks })
    .getByText(/^(Read|قُرئت)/)
    .waitFor();
  await inbox.reply.pressSequentially("You are");
  await chat
    .getByRole("img", { name: /Ben Okafor/ })
    .first()
    .waitFor();
}

async function addNote(staff, text) {
  const inbox = inboxIn(staff);
  await inbox.reply.fill("");
  await staff.getByRole("button", { name: "Private note" }).click();
  const field = staff.getByRole("textbox", { name: "Private note" });
  await field.fill(text);
  await field.press("Enter");
  await inbox.log.getByText(text).waitFor();
  await staff.getByRole("button", { name: "Reply", exact: true }).click();
  await inbox.reply.waitFor();
}

/** One picture of both, as two windows on a desk. */
async function besideEachOther(left, right) {
  const [staff, visitor] = await Promise.all([left.screenshot(), right.screenshot()]);
  const desk = await newPage({ viewport: { width: LEFT.width + RIGHT.width + 72, height: LEFT.height + 48 } });
  const image = (picture) => `data:image/png;base64,${picture.toString("base64")}`;
  await desk.setContent(`<style>
    body { display: flex; gap: 24px; margin: 0; padding: 24px; background: #ddd5c7 }
    img { border-radius: 12px; box-shadow: 0 6px 20px #0003 }
    </style><img src="${image(staff)}"><img src="${image(visitor)}">`);
  await desk.waitForFunction(() => [...document.images].every((one) => one.complete && one.naturalWidth > 0));
  await take(desk, "demo");
}

async function take(page, name) {
  const path = `${folder}${name}.png`;
  await page.mouse.move(0, 0);
  await page.screenshot({ path, animations: "disabled" });
  console.log(`${name}.png: ${Math.round(readFileSync(path).length / 1024)} KB`);
}
