// What /metrics says.

import { readFileSync } from "node:fs";

import { poll } from "./wait.mjs";

/** The sum over all label sets of each name, or of those that `fits` lets through. */
export async function scrape(server) {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return parse(text);
}

/** Waits until the figure is what `fits` wants; answers it. */
export function figure(server, name, labels, fits, limit = 15_000) {
  return poll(`${name} ${JSON.stringify(labels)} to move`, limit, async () => {
    const value = valueOf(await scrape(server), name, labels);
    return value !== undefined && fits(value) ? { value } : undefined;
  });
}

/** `[{name, labels, value}]` */
export function parse(text) {
  const samples = [];
  for (const line of text.split("\n")) {
    const found = /^([a-zA-Z_:]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!found) continue;
    const labels = Object.fromEntries(
      [...(found[2] ?? "").matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value]),
    );
    samples.push({ name: found[1], labels, value: Number(found[3]) });
  }
  return samples;
}

/** Undefined if no sample has that name and these labels. */
export function valueOf(samples, name, labels = {}) {
  const fitting = samples.filter(
    (one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
  );
  return fitting.length ? fitting.reduce((sum, one) => sum + one.value, 0) : undefined;
}

/** `[{name, kind, labels: [{name, values}]}]` of the page that is made from the table in the code; no values: any. */
export function listed() {
  const page = readFileSync(new URL("../../../docs/METRICS.md", import.meta.url), "utf8");
  return [...page.matchAll(/^\| `(\w+)` \| (\w+) \| ([^|]*) \|/gm)].map(([, name, kind, labels]) => ({
    name,
    kind,
    labels: [...labels.matchAll(/`(\w+)`(?:: ([^;]*))?/g)].map(([, label, values]) => ({
      name: label,
      values: values?.trim().split(", ") ?? [],
    })),
  }));
}
