/**
 * The packages that the pages are made of: `check` holds their licences against what may be bundled, without a word the
 * notices of all of them are written beside the console, which serves them as /app/licenses.txt. Reads the lock file, so
 * that nothing that is installed can be missing; a package that only types or builds need is one of the tools, not of these.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Permissive ones only, as in deny.toml; the font's stands for a font that is embedded. */
const ALLOWED = new Set(["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD", "CC0-1.0", "Unlicense"]);
const EXCEPTIONS = { "@fontsource-variable/figtree": "OFL-1.1" };

const web = fileURLToPath(new URL("..", import.meta.url));
const lock = JSON.parse(await readFile(join(web, "package-lock.json"), "utf8"));

const found = Object.entries(lock.packages).filter(
  ([path, facts]) => path.startsWith("node_modules/") && !facts.dev && !facts.link,
);
const bundled = await Promise.all(found.map(([path, facts]) => describe(path, facts)));
bundled.sort((one, other) => one.name.localeCompare(other.name));

async function describe(path, { version, license }) {
  const { author, licenses } = JSON.parse(await readFile(join(web, path, "package.json"), "utf8"));
  // Old packages have a list.
  const words = license ?? licenses?.map(({ type }) => type).join(" OR ");
  const by = typeof author === "string" ? author : author?.name;
  return { path, name: path.split("node_modules/").at(-1), version, license: words, author: by };
}

/** "MIT", or a choice of several: one of them is enough. */
function isAllowed({ name, license = "" }) {
  const choices = license.replace(/[()]/g, "").split(" OR ");
  return choices.some((choice) => ALLOWED.has(choice)) || EXCEPTIONS[name] === license;
}

async function noticeOf({ path, name, version, license, author }) {
  const folder = join(web, path);
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  // Without a text of its own the package has said all it had to say in its description.
  const text = texts.map((one) => one.trim()).join("\n\n") || `Copyright ${author ?? `the authors of ${name}`}`;
  return `${name} ${version} (${license})\n\n${text}\n`;
}

const refused = bundled.filter((one) => !isAllowed(one));
for (const { name, version, license } of refused) console.error(`${name} ${version}: ${license} may not be bundled`);
if (refused.length > 0) process.exit(1);

if (process.argv[2] !== "check") {
  const notices = await Promise.all(bundled.map(noticeOf));
  const rule = `\n${"-".repeat(80)}\n\n`;
  const lead = "The pages of SmileChat (console, widget, demo shop) hold parts of these packages.\n";
  await mkdir(join(web, "dist/console"), { recursive: true });
  await writeFile(join(web, "dist/console/licenses.txt"), [lead, ...notices].join(rule));
}
