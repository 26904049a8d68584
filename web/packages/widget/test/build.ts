/** Builds the widget into a folder of its own, once for all tests that look at what is served. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    built: string;
  }
}

export default function setup(project: TestProject) {
  const built = mkdtempSync(join(tmpdir(), "widget-"));
  execFileSync("npm", ["run", "build"], {
    cwd: new URL("..", import.meta.url),
    env: { ...process.env, NODE_ENV: "production", WIDGET_OUT_DIR: built },
    stdio: "pipe",
  });
  project.provide("built", built);
  return () => rmSync(built, { recursive: true });
}
