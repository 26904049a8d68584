import { afterEach, expect, test, vi } from "vitest";
import { createHttp } from "../src/http.js";
import { upload } from "../src/upload.js";
import { clock } from "./harness/clock.js";

afterEach(() => vi.unstubAllGlobals());

const file = new File(["hello"], "hello.txt", { type: "text/plain" });
const answer = { data: [{ attachment_id: "a1" }] };

test("without XMLHttpRequest it goes by fetch, as a form with the files' names", async () => {
  const asked: { url: string; body: FormData }[] = [];
  const { environment } = clock();
  const fetch = async (url: string, init: { body?: unknown }) => {
    asked.push({ url, body: init.body as FormData });
    return new Response(JSON.stringify(answer), { status: 201 });
  };
  const http = createHttp({ ...environment, fetch: fetch as never }, "http://server/", "pk_1");
  expect(await upload(environment, http, "token", "t 1", [file, file])).toEqual(answer.data);
  expect(asked[0]?.url).toBe("http://server/api/attachments?ticket_id=t%201");
  expect(asked[0]?.body.getAll("file").map((part) => (part as File).name)).toEqual(["hello.txt", "hello.txt"]);
});

test("with it, progress is told; a refusal is an ApiError", async () => {
  const sent: Record<string, string>[] = [];
  let status = 201;
  class Request {
    upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {};
    headers: Record<string, string> = {};
    onload = () => {};
    status = 0;
    responseText = "";
    open() {}
    setRequestHeader(name: string, value: string) {
      this.headers[name] = value;
    }
    getResponseHeader = () => null;
    send() {
      sent.push(this.headers);
      this.upload.onprogress?.({ loaded: 1, total: 4 });
      this.status = status;
      this.responseText = JSON.stringify(status < 400 ? answer : { code: "too_large", detail: "Too large." });
      this.onload();
    }
  }
  vi.stubGlobal("XMLHttpRequest", Request);
  const { environment } = clock();
  const http = createHttp(environment, "http://server", "pk_1");
  const seen: number[] = [];
  const onProgress = (fraction: number) => seen.push(fraction);
  expect(await upload(environment, http, "token", "t", [file], { onProgress })).toEqual(answer.data);
  expect(seen).toEqual([0.25]);
  expect(sent).toEqual([{ Authorization: "Bearer token", "X-API-Key": "pk_1" }]);
  status = 413;
  await expect(upload(environment, http, "token", "t", [file])).rejects.toMatchObject({
    status: 413,
    code: "too_large",
  });
});

test("an upload of which nothing moves is given up, one that moves is not", async () => {
  const running: { onprogress: (event: object) => void; abort: () => void }[] = [];
  class Request {
    upload: { onprogress?: (event: object) => void } = {};
    onabort = () => {};
    open() {}
    setRequestHeader() {}
    send() {
      running.push({ onprogress: (event) => this.upload.onprogress?.(event), abort: () => this.onabort() });
    }
    abort() {
      this.onabort();
    }
  }
  vi.stubGlobal("XMLHttpRequest", Request);
  const { environment, pass } = clock();
  const http = createHttp(environment, "http://server", undefined);
  const outcome = vi.fn();
  const sent = upload(environment, http, "token", "t", [file]).catch(outcome);
  for (let loaded = 1; loaded <= 10; loaded++) {
    await pass(45_000);
    running[0]?.onprogress({ loaded, total: 100 });
  }
  expect(outcome).not.toHaveBeenCalled();
  await pass(61_000);
  await sent;
  expect(outcome.mock.calls[0]?.[0]).toMatchObject({ code: "network" });
});
