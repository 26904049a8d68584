// What the operating system knows of a server: open files, memory.

import { readdirSync, readFileSync } from "node:fs";

export function openFiles(server) {
  return readdirSync(`/proc/${server.child.pid}/fd`).length;
}

/** In bytes. */
export function memory(server) {
  const status = readFileSync(`/proc/${server.child.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]) * 1024;
}

export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
