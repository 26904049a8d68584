import { expect, test } from "vitest";
import { readConfig } from "../src/config";

const staff = { username: "ben", password: "x", name: "Ben Okafor" };
const server =
  (body: unknown, status = 200) =>
  async () =>
    new Response(JSON.stringify(body), { status });

test("in development the key and the staff are handed out", async () => {
  const config = await readConfig("", server({ publishable_key: "pk_demo", staff }));
  expect(config).toEqual({ key: "pk_demo", staff, isDevelopment: true });
});

test("before the demo was filled in there is nothing", async () => {
  const config = await readConfig("", server({ publishable_key: null, staff: null }));
  expect(config).toEqual({ key: null, staff: null, isDevelopment: true });
});

test("in production, without a network or with nonsense, the shop stands alone", async () => {
  const nothing = { key: null, staff: null, isDevelopment: false };
  expect(await readConfig("", server({ code: "not_found" }, 404))).toEqual(nothing);
  expect(await readConfig("", () => Promise.reject(new TypeError("offline")))).toEqual(nothing);
  expect(await readConfig("", async () => new Response("<!doctype html>"))).toEqual(nothing);
});

test("an address may name another key, and no other kind of key", async () => {
  const get = server({ publishable_key: "pk_demo", staff });
  expect((await readConfig("?key=pk_other-1", get)).key).toBe("pk_other-1");
  for (const search of ["?key=sk_secret", "?key=pk_%22%3E%3Cscript", "?key="]) {
    expect((await readConfig(search, get)).key).toBe("pk_demo");
  }
});
