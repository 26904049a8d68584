// Ten thousand tickets in the console: as quick to scroll through as ten, and no heavier for the page.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";

import { leave, newPerson, openBrowser } from "./harness/browser.mjs";
import { inboxIn, signIn } from "./harness/console.mjs";
import { closeShop, openShop } from "./harness/shop.mjs";

const MANY = 10_000;
/** What a window of this size can show, and some more on both ends. */
const MOST_ROWS = 60;
/** On a quiet machine no task takes 200 ms; this one may be busy with everything else. */
const LONGEST_TASK_MS = 1_000;

// Straight into the database: by the API this would take longer than all other tests of the browser together.
const FILL = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=20)
database.execute("""
  insert into tickets (tenant_key, ticket_id, number, subject, customer_key, status, priority, tags, channel, custom,
    created_at, updated_at)
  with recursive count (n) as (select 1 union all select n + 1 from count where n < ?)
  select u.tenant_key, 'many-' || n, 1000 + n, 'Ticket number ' || n, u.user_key, 'open', 'medium', '["order"]', 'web',
    '{}', 1700000000000 + n, 1700000000000 + n
  from count join (select tenant_key, user_key from users where username = 'maria') u
""", (int(sys.argv[2]),))
database.commit()
`;

let browser;
let shop;

before(async () => {
  shop = await openShop();
  execFileSync("python3", ["-c", FILL, `${shop.server.folder}/smilechat.db`, String(MANY)]);
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  if (shop) await closeShop(shop);
});

test("ten thousand tickets scroll to their end without a hitch", async (t) => {
  const { url } = shop.server;
  const staff = await newPerson(browser);
  const { page } = staff;
  await staff.context.addInitScript(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => {
      window.longTasks.push(...list.getEntries().map(({ duration }) => Math.round(duration)));
    }).observe({ type: "longtask" });
  });
  await signIn(page, url);
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  const inbox = inboxIn(page);
  await inbox.list.getByRole("link").first().waitFor();
  const rows = await inbox.list.getByRole("list").elementHandle();

  await page.evaluate(() => (window.longTasks.length = 0));
  const seen = await rows.evaluate(scrollToEnd);
  const longTasks = await page.evaluate(() => window.longTasks);
  await inbox.row("Ticket number 1").last().waitFor();

  const longest = Math.max(0, ...longTasks);
  t.diagnostic(`${seen.tickets} tickets in ${(seen.took / 1000).toFixed(1)} s, at most ${seen.most} rows in the page`);
  t.diagnostic(`frames: median ${seen.median} ms, 95 of 100 within ${seen.p95} ms; longest task ${longest} ms`);
  assert.ok(seen.tickets >= MANY, `${seen.tickets} tickets`);
  assert.ok(seen.most <= MOST_ROWS, `${seen.most} rows`);
  assert.ok(longest <= LONGEST_TASK_MS, `a task of ${longest} ms`);
  await leave(staff, [url]);
});

/** In the page: as fast as the list comes, until there is no more of it. */
async function scrollToEnd(list) {
  const box = list.parentElement;
  const frames = [];
  const start = performance.now();
  let most = 0;
  let last = start;
  let unchanged = start;
  let height = 0;
  while (performance.now() - unchanged < 2_000) {
    box.scrollTop += 3_000;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last);
    last = now;
    most = Math.max(most, list.children.length);
    if (list.offsetHeight !== height || box.scrollTop + box.clientHeight < height - 1) unchanged = now;
    height = list.offsetHeight;
  }
  frames.sort((a, b) => a - b);
  const at = (share) => Math.round(frames[Math.floor(frames.length * share)]);
  return { tickets: Math.round(height / 82), took: last - start, most, median: at(0.5), p95: at(0.95) };
}
