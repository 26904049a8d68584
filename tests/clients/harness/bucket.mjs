// A private service that speaks S3 (moto, from tests/clients/requirements.txt), on a free port of the loopback. What it keeps
// ends with it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { freePort } from "./server.mjs";
import { poll } from "./wait.mjs";

const program = fileURLToPath(new URL("../.venv/bin/moto_server", import.meta.url));
const name = "chat";

/** Started again with the `port` of one that was stopped, it stands in its place, empty. */
export async function startBucket(port) {
  port ??= await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(program, ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  const made = async () => (await fetch(`${url}/${name}`, { method: "PUT" }).catch(() => undefined))?.ok;
  await poll("the bucket", 60_000, made);
  return { child, port, url, end, env: environment(url, "key", "secret") };
}

export async function stopBucket(bucket) {
  process.removeListener("exit", bucket.end);
  if (bucket.child.exitCode !== null || bucket.child.signalCode !== null) return;
  const ended = once(bucket.child, "exit");
  bucket.end();
  await ended;
}

/** What a server is told to keep its files there. */
export function environment(url, key, secret, place = `${name}/files`) {
  return {
    SMILECHAT_FILES__URL: `s3://${place}`,
    SMILECHAT_FILES__S3_ENDPOINT: url,
    SMILECHAT_FILES__S3_ACCESS_KEY_ID: key,
    SMILECHAT_FILES__S3_SECRET_ACCESS_KEY: secret,
  };
}

/** The names of what is in it. */
export async function listBucket(bucket) {
  const answer = await fetch(`${bucket.url}/${name}?list-type=2`);
  assert.equal(answer.status, 200);
  return elements(await answer.text(), "Key");
}

/** From here on it holds signatures against keys, and nobody may list it: the answer is the one pair that may do all else. */
export async function guardBucket(bucket) {
  const user = { UserName: "smilechat" };
  await askForKeys(bucket, "CreateUser", user);
  const may = { Effect: "Allow", Action: "s3:*", Resource: "*" };
  const policy = JSON.stringify({ Version: "2012-10-17", Statement: [may] });
  await askForKeys(bucket, "PutUserPolicy", { ...user, PolicyName: "files", PolicyDocument: policy });
  const made = await askForKeys(bucket, "CreateAccessKey", user);
  await fetch(`${bucket.url}/moto-api/reset-auth`, { method: "POST", body: "0" });
  return { key: elements(made, "AccessKeyId")[0], secret: elements(made, "SecretAccessKey")[0] };
}

async function askForKeys(bucket, action, fields) {
  // Of this header moto reads which of its services is meant.
  const authorization = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=x";
  const body = new URLSearchParams({ Action: action, Version: "2010-05-08", ...fields });
  const answer = await fetch(bucket.url, { method: "POST", headers: { authorization }, body });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return text;
}

function elements(text, name) {
  return [...text.matchAll(new RegExp(`<${name}>([^<]+)</${name}>`, "g"))].map(([, content]) => content);
}
