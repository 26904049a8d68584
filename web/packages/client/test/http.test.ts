import { expect, test } from "vitest";
import { createHttp } from "../src/http.js";
import type { FetchInit } from "../src/platform.js";
import { clock } from "./harness/clock.js";

const minute = 60_000;

/** A server whose answer begins and ends when it is told, unless the call is given up before. */
function slowServer() {
  const time = clock();
  const step = () => {
    let go = () => {};
    const done = new Promise<void>((resolve) => {
      go = resolve;
    });
    return { done, go };
  };
  const [head, body] = [step(), step()];
  const fetch = async (_: string, { signal }: FetchInit) => {
    const givenUp = new Promise<never>((_, reject) =>
      signal?.addEventListener("abort", () => reject(new Error("given up"))),
    );
    givenUp.catch(() => {});
    const complete = <T>(value: T) => Promise.race([body.done.then(() => value), givenUp]);
    await Promise.race([head.done, givenUp]);
    return {
      status: 200,
      headers: new Headers(),
      text: () => complete("{}"),
      blob: () => complete(new Blob(["bytes"])),
    };
  };
  const http = createHttp({ ...time.environment, fetch }, "http://server", undefined);
  return { http, pass: time.pass, begin: head.go, end: body.go };
}

const call = { method: "GET", path: "/" };

test.each(["json", "blob"] as const)("%s: an answer that does not begin is given up", async (kind) => {
  const { http, pass } = slowServer();
  const outcome = expect(http[kind](call)).rejects.toMatchObject({ code: "network" });
  await pass(minute);
  await outcome;
});

test("a file that has begun to come may take its time", async () => {
  const { http, pass, begin, end } = slowServer();
  const file = http.blob(call);
  await pass(minute / 3);
  begin();
  await pass(10 * minute);
  end();
  expect((await file).size).toBe(5);
});

test("JSON that begins and never ends is given up", async () => {
  const { http, pass, begin } = slowServer();
  const outcome = expect(http.json(call)).rejects.toMatchObject({ code: "network" });
  begin();
  await pass(minute);
  await outcome;
});

test("files may take their time on the way up", async () => {
  const { http, pass, begin, end } = slowServer();
  const sent = http.json({ ...call, form: new FormData() });
  await pass(10 * minute);
  begin();
  end();
  expect(await sent).toEqual({});
});
