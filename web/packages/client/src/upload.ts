/**
 * Uploads files to a ticket. With XMLHttpRequest where there is one, because only it tells of progress; else with fetch.
 * Invariant: an upload of which nothing moves for a minute fails as `network`.
 */
import type { Attachment } from "./api.js";
import { ApiError } from "./error.js";
import { type Http, parse, problem } from "./http.js";
import type { Environment, FormLike } from "./platform.js";
import type { Upload, UploadOptions } from "./public.js";

/** Once all bytes are there the server may have pictures to draw anew before it answers. */
const PATIENCE = 60_000;

interface Request {
  status: number;
  responseText: string;
  upload: { onprogress: ((event: { loaded: number; total: number }) => void) | null };
  onload: (() => void) | null;
  onerror: (() => void) | null;
  onabort: (() => void) | null;
  open(method: string, url: string): void;
  setRequestHeader(name: string, value: string): void;
  getResponseHeader(name: string): string | null;
  send(form: FormLike): void;
  abort(): void;
}

interface Host {
  FormData: new () => FormLike;
  XMLHttpRequest?: new () => Request;
}

export async function upload(
  environment: Environment,
  http: Http,
  token: string,
  ticketId: string,
  files: readonly Upload[],
  { onProgress, signal }: UploadOptions = {},
): Promise<Attachment[]> {
  const { FormData, XMLHttpRequest } = globalThis as unknown as Host;
  const form = new FormData();
  // React Native takes an object with `uri` for a file, and sets the name from it.
  for (const file of files) form.append("file", file, ...("uri" in file ? [] : [file.name]));
  const path = `/api/attachments?ticket_id=${encodeURIComponent(ticketId)}`;
  if (!XMLHttpRequest) {
    const { data } = await http.json<{ data: Attachment[] }>({ method: "POST", path, form, token, signal });
    onProgress?.(1);
    return data;
  }

  const request = new XMLHttpRequest();
  let patience = () => {};
  const wait = () => {
    patience();
    patience = environment.after(PATIENCE, () => request.abort());
  };
  return new Promise<Attachment[]>((resolve, reject) => {
    const lost = () => reject(new ApiError(0, "network", "The upload was cut short."));
    request.onerror = lost;
    request.onabort = lost;
    request.onload = () => {
      const { status, responseText } = request;
      if (status >= 400) return reject(problem(status, responseText, request.getResponseHeader("Retry-After")));
      try {
        resolve(parse<{ data: Attachment[] }>(status, responseText).data);
      } catch (fault) {
        reject(fault);
      }
    };
    request.upload.onprogress = ({ loaded, total }) => {
      wait();
      onProgress?.(total ? loaded / total : 0);
    };
    request.open("POST", http.url + path);
    for (const [name, value] of Object.entries(http.headers({ token }))) request.setRequestHeader(name, value);
    signal?.addEventListener("abort", () => request.abort());
    if (signal?.aborted) return lost();
    wait();
    request.send(form);
  }).finally(() => patience());
}
