/**
 * Runs after the build. Puts the loader a second time under the name of its content, for pages that pin it, and puts
 * `.br` and `.gz` in the place of every file that becomes smaller by it, so that the server has nothing to compress and its
 * binary nothing to hold three times. Ends with what the pages begin with, as it is sent.
 */
import { createHash } from "node:crypto";
import { copyFile, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const WORTH_COMPRESSING = /\.(js|css|svg|json|txt|webmanifest|ttf)$/;
const SMALLEST = 512;

async function pinLoader() {
  const loader = join(dist, "widget/widget.js");
  const hash = createHash("sha256")
    .update(await readFile(loader))
    .digest("hex")
    .slice(0, 16);
  const assets = join(dist, "widget/assets");
  const earlier = (await readdir(assets)).filter((name) => name.startsWith("loader-"));
  await Promise.all(earlier.map((name) => rm(join(assets, name))));
  await copyFile(loader, join(assets, `loader-${hash}.js`));
}

async function compress(path) {
  const content = await readFile(path);
  const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  const gzipped = await promisify(gzip)(content, { level: 9 });
  if (gzipped.length >= content.length) return;
  await writeFile(`${path}.br`, await promisify(brotliCompress)(content, { params: quality }));
  await writeFile(`${path}.gz`, gzipped);
  await rm(path);
}

async function files() {
  const entries = await readdir(dist, { recursive: true, withFileTypes: true });
  const all = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sized = await Promise.all(all.map(async (path) => ({ path, size: (await stat(path)).size })));
  return sized.filter(({ path, size }) => WORTH_COMPRESSING.test(path) && size >= SMALLEST).map(({ path }) => path);
}

/** The first scripts, by gzip: what the budgets of the tests are about. */
async function tellSizes() {
  for (const [what, folder, name] of [
    ["loader", "widget", /^widget\.js\.gz$/],
    ["widget", "widget/assets", /^app-.*\.js\.gz$/],
    ["console", "console/assets", /^index-.*\.js\.gz$/],
    ["demo shop", "demo/assets", /^index-.*\.js\.gz$/],
  ]) {
    const [file] = (await readdir(join(dist, folder))).filter((one) => name.test(one));
    const { size } = await stat(join(dist, folder, file));
    console.log(`web:   ${what.padEnd(10)}${(size / 1000).toFixed(1).padStart(6)} kB`);
  }
}

await pinLoader();
await Promise.all((await files()).map(compress));
await tellSizes();
