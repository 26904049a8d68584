// The client package's example for browsers, as its README has it, on a site of another origin.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { post } from "../clients/harness/people.mjs";
import { leave, newPerson, openBrowser } from "./harness/browser.mjs";
import { closeShop, demoPerson, newestTicket, openShop } from "./harness/shop.mjs";

const folder = fileURLToPath(new URL("../../web/packages/client/", import.meta.url));
const web = createRequire(new URL("../../web/package.json", import.meta.url));

let browser;
let shop;
let site;
let script = "";

before(async () => {
  site = createServer((request, response) => {
    const isScript = request.url === "/example.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html; charset=utf-8");
    response.end(isScript ? script : PAGE);
  });
  await new Promise((done) => site.listen(0, "127.0.0.1", done));
  site.url = `http://127.0.0.1:${site.address().port}`;
  shop = await openShop({ env: { CORS_ORIGINS: site.url } });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  site?.close();
  site?.closeAllConnections();
  if (shop) await closeShop(shop);
});

test("a page with nothing but the example holds a conversation, and a reload shows it again", async () => {
  const { url } = shop.server;
  script = await bundled(example().replace("https://chat.example.com", url).replace("pk_…", shop.key));
  const visitor = await newPerson(browser);
  const { page } = visitor;
  await page.goto(site.url);
  const field = page.getByPlaceholder("Write to us, Enter sends");
  await field.fill("Is anybody there?");
  await field.press("Enter");
  const question = page.getByRole("listitem").filter({ hasText: "Is anybody there?" });
  await question.getByText("(sent)").waitFor();

  const ben = await demoPerson(shop, "ben");
  const { ticket_id: ticket } = await newestTicket(shop, ben);
  await post(shop.server, ben, `/api/messages/${ticket}`, { message_content: "All of us." });
  const answer = page.getByRole("listitem").filter({ hasText: "Ben Okafor: All of us." });
  await answer.waitFor();
  await page.reload();
  await question.waitFor();
  await answer.waitFor();
  await leave(visitor, [url, site.url]);
});

const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Example</title>
  <link rel="icon" href="data:,"></head><body><script type="module" src="/example.js"></script></body></html>`;

function example() {
  const readme = readFileSync(`${folder}README.md`, "utf8");
  return readme.split("\n## In a browser\n")[1].match(/```ts\n([\s\S]*?)```/)[1];
}

async function bundled(code) {
  const { rolldown } = await import(web.resolve("rolldown"));
  const made = await rolldown({
    input: "example.ts",
    cwd: folder,
    platform: "browser",
    logLevel: "silent",
    resolve: { conditionNames: ["@smilechat/source", "browser", "import", "default"] },
    plugins: [
      {
        name: "example",
        resolveId: (id) => (id === "example.ts" ? `${folder}example.ts` : null),
        load: (id) => (id === `${folder}example.ts` ? code : null),
      },
    ],
  });
  const { output } = await made.generate({ format: "es", codeSplitting: false });
  await made.close();
  return output[0].code;
}
