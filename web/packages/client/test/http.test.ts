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

/** A file that comes piece by piece, each when it is told. */
function trickle() {
  const time = clock();
  let push = (_: string | null) => {};
  const fetch = async (_: string, { signal }: FetchInit) => {
    const body = new ReadableStream<Uint8Array>({
      start(stream) {
        signal?.addEventListener("abort", () => stream.error(new Error("given up")));
        push = (piece) => (piece === null ? stream.close() : stream.enqueue(new TextEncoder().encode(piece)));
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/plain" } });
  };
  const http = createHttp({ ...time.environment, fetch: fetch as never }, "http://server", undefined);
  return { http, pass: time.pass, push: (piece: string | null) => push(piece) };
}

test("a file may take its time as long as it moves", async () => {
  const { http, pass, push } = trickle();
  const file = http.blob(call);
  for (const piece of ["one ", "two ", "three"]) {
    await pass(minute / 3);
    push(piece);
  }
  await pass(minute / 3);
  push(null);
  const blob = await file;
  expect([await (blob as Blob).text(), blob.type]).toEqual(["one two three", "text/plain"]);
});

test("a file that stalls is given up", async () => {
  const { http, pass, push } = trickle();
  const outcome = expect(http.blob(call)).rejects.toMatchObject({ code: "network" });
  await pass(minute / 3);
  push("one ");
  await pass(minute);
  await outcome;
});

test("where the host hands out files only whole, they have ten minutes", async () => {
  const [slow, stalled] = [slowServer(), slowServer()];
  const file = slow.http.blob(call);
  const outcome = expect(stalled.http.blob(call)).rejects.toMatchObject({ code: "network" });
  slow.begin();
  stalled.begin();
  await slow.pass(9 * minute);
  slow.end();
  expect((await file).size).toBe(5);
  await stalled.pass(11 * minute);
  await outcome;
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
  await pass(9 * minute);
  begin();
  end();
  expect(await sent).toEqual({});
});
