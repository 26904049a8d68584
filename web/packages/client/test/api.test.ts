import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import openapiTypescript, { astToString, COMMENT_HEADER } from "openapi-typescript";
import { expect, test } from "vitest";

const path = (from: string) => fileURLToPath(new URL(from, import.meta.url));

test("the types are those of docs/openapi.json; if not: npm run generate", async () => {
  const document = new URL("../../../../docs/openapi.json", import.meta.url);
  const types = await openapiTypescript(document, { emptyObjectsUnknown: true });
  expect(readFileSync(path("../src/api.gen.ts"), "utf8")).toBe(COMMENT_HEADER + astToString(types));
});

test("every event that the server sends has a name here", () => {
  const document = JSON.parse(readFileSync(path("../../../../docs/asyncapi.json"), "utf8"));
  const sent = Object.keys(document.operations).flatMap((name) => name.match(/^send_(.*)/)?.slice(1) ?? []);
  const events = readFileSync(path("../src/events.ts"), "utf8");
  expect(sent.length).toBeGreaterThan(10);
  expect(sent.filter((name) => !events.includes(`  ${name}: `))).toEqual([]);
});
