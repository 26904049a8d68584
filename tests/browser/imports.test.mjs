// A site's pages become articles: an admin begins it in the console, sees how far it is and what was left out.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { get } from "../clients/harness/people.mjs";
import { leave, newPerson, openBrowser } from "./harness/browser.mjs";
import { signIn } from "./harness/console.mjs";
import { closeShop, demoPerson, openShop } from "./harness/shop.mjs";

const HOSTILE = "<main><h1>Airships</h1><p>By <i>zeppelin</i>.<script>__ran(1)</script>&lt;img src=x onerror=__ran(2)&gt;</main>";

let browser;
let shop;
let site;
let origin;
/** Answers the page that was held back. */
let release;

before(async () => {
  const pages = {
    "/robots.txt": "User-agent: *\nDisallow: /secret",
    "/airships": HOSTILE,
    "/secret": "<p>Ours.",
    "/slow": "<p>At last.",
  };
  const held = new Promise((resolve) => {
    release = resolve;
  });
  site = createServer(async (request, response) => {
    const map = Object.keys(pages).slice(1).map((path) => `<url><loc>${origin}${path}</loc></url>`);
    const body = request.url === "/sitemap.xml" ? `<urlset>${map.join("")}</urlset>` : pages[request.url];
    if (request.url === "/slow") await held;
    response.writeHead(body ? 200 : 404, { "content-type": "text/html" }).end(body);
  });
  await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${site.address().port}`;
  shop = await openShop({ env: { SMILECHAT_OUTBOUND__OWN_HOSTS: new URL(origin).host } });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  if (shop) await closeShop(shop);
  site?.closeAllConnections();
  site?.close();
});

test("an admin has the pages of a site imported", async (t) => {
  const { url } = shop.server;
  const admin = await newPerson(browser, { hasAxe: true });
  const { page } = admin;
  await signIn(page, url, "olivia");
  const card = (of) => page.getByRole("article", { name: `Import of ${of}` }).first();
  const begin = async (address) => {
    await page.getByLabel("Address of the site or its site map").fill(address);
    await page.getByRole("button", { name: "Import", exact: true }).click();
  };

  await t.test("how far it is stands there while it goes on, and no other one is begun", async () => {
    await page.getByRole("link", { name: "Knowledge" }).click();
    await page.getByRole("link", { name: "Import" }).click();
    await begin(`${origin}/`);
    await card(`${origin}/`).getByText("2 of 3 pages").waitFor();
    await page.getByLabel("Address of the site or its site map").fill("https://shop.example/");
    assert.ok(await page.getByRole("button", { name: "Import", exact: true }).isDisabled());
    release();
  });

  await t.test("what became of it is told, and what was left out", async () => {
    await card(`${origin}/`).getByText("2 created").waitFor();
    await card(`${origin}/`).getByText("1 left out").click();
    await card(`${origin}/`).getByText(`${origin}/secret: robots.txt disallows it`).waitFor();
    const { violations } = await page.evaluate(() => window.axe.run());
    assert.deepEqual(violations.map(({ id }) => id), []);
  });

  await t.test("its articles are drafts that say where they come from", async () => {
    await page.getByRole("link", { name: "Articles", exact: true }).click();
    await page.getByRole("link", { name: "Airships" }).click();
    await page.getByText("Imported from").getByRole("link", { name: `${origin}/airships` }).waitFor();
    await page.getByRole("main").getByText("Draft", { exact: true }).waitFor();
    const article = await get(shop.server, await demoPerson(shop, "olivia"), "/api/kb/articles/airships");
    assert.equal(article.source_url, `${origin}/airships`);
  });

  await t.test("one that fails says why", async () => {
    await page.goto(`${url}/app/knowledge/import`);
    await begin("http://127.0.0.1:9/");
    await card("http://127.0.0.1:9/").getByText(/refused_address.*outbound\.own_hosts/).waitFor();
    await card("http://127.0.0.1:9/").getByText("Failed").waitFor();
  });

  await t.test("support is not offered it", async () => {
    const support = await newPerson(browser);
    await signIn(support.page, url, "ben");
    await support.page.goto(`${url}/app/knowledge/import`);
    await support.page.getByRole("heading", { name: "All articles" }).waitFor();
    assert.equal(await support.page.getByRole("link", { name: "Import" }).count(), 0);
    await leave(support, [url]);
  });

  await leave(admin, [url]);
});
