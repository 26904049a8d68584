// The browser, and people in it. Every page is watched: whatever it complains of, whatever its policy had to stop and
// whatever it asks of other places fails the test that opened it.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const web = createRequire(new URL("../../../web/package.json", import.meta.url));
const { chromium } = web("playwright-core");
const axeSource = web.resolve("axe-core/axe.min.js");
const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const built = fileURLToPath(new URL("../../../web/dist/console/index.html", import.meta.url));

/** How long anything may take on a busy machine. What has a bound of its own is measured and printed. */
export const PATIENCE_MS = 20_000;

export async function openBrowser() {
  assert.ok(existsSync(built), "the pages are not built: run scripts/build-web");
  // As root, Chromium has no sandbox to offer; the pages are our own.
  return chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox", "--font-render-hinting=none"] });
}

/**
 * Somebody with a browser of their own: `{page, context, faults, requests}`. `isExpected` forgives complaints of the
 * browser that belong to the trial, such as refused connections while the network is cut.
 */
export async function newPerson(browser, { isExpected = () => false, hasAxe = false, ...options } = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "UTC",
    reducedMotion: "reduce",
    acceptDownloads: true,
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const person = { context, faults: [], requests: [], run: [], isExpected };
  // What hostile text calls when it runs after all.
  await context.exposeBinding("__ran", (_, what) => void person.run.push(String(what)));
  await context.exposeBinding("__stopped", (_, what) => note(person, `policy: ${what}`));
  await context.addInitScript(reportViolations);
  if (hasAxe) await context.addInitScript({ path: axeSource });
  context.on("request", (request) => person.requests.push(request.url()));
  context.on("page", (page) => watch(person, page));
  person.page = await context.newPage();
  return person;
}

/** The end of a person: nothing went wrong, nothing ran, nothing was asked of servers other than these. */
export async function leave(person, servers) {
  await person.context.close();
  assert.deepEqual(person.faults, [], "no page complained");
  assert.deepEqual(person.run, [], "no text became a script");
  assert.deepEqual(strangers(person, servers), [], "nothing was fetched from elsewhere");
}

function strangers({ requests }, servers) {
  const known = servers.map((server) => new URL(server).host);
  return requests.filter((url) => /^(https?|wss?):/.test(url) && !known.includes(new URL(url).host));
}

function watch(person, page) {
  page.on("pageerror", (error) => note(person, `error: ${error.stack ?? error.message}`));
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    note(person, `console: ${message.text()} (${message.location().url})`);
  });
  page.on("dialog", (dialog) => {
    person.run.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("crash", () => person.faults.push("the page crashed"));
}

function note(person, fault) {
  if (!person.isExpected(fault)) person.faults.push(fault);
}

function reportViolations() {
  document.addEventListener("securitypolicyviolation", (event) => {
    window.__stopped(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
  });
}
