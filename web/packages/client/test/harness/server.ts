/** A server of the tests' own: a free port, an empty folder, gone at the end. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../../../../..", import.meta.url));
const binary = resolve(repository, process.env.SMILECHAT_BIN ?? "target/debug/smilechat");

export const password = "correct horse battery";

export interface Server {
  readonly url: string;
  readonly port: number;
  createStaff(username: string): void;
  createTenant(name: string): Tenant;
  /** The people of `make run`. */
  fillDemo(): void;
  stop(): Promise<void>;
}

export interface Tenant {
  publishable_key: string;
  identity_secret: string;
}

export async function startServer(settings: Record<string, string> = {}): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "smilechat-client-"));
  const environment = {
    ...process.env,
    SMILECHAT_ENV: "development",
    SMILECHAT_DATA_DIR: folder,
    RATE_LIMIT: "off",
    LOG_FORMAT: "json",
    HOST: "127.0.0.1",
    PORT: "0",
    ...settings,
  };
  const child = spawn(binary, ["serve"], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const port = await portOf(child);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    createStaff(username) {
      const command = ["user", "create", "--username", username, "--role", "support", "--password-stdin"];
      execFileSync(binary, command, { env: environment, input: password, stdio: ["pipe", "ignore", "pipe"] });
    },
    createTenant(name) {
      const command = ["tenant", "create", "--name", name];
      return JSON.parse(execFileSync(binary, command, { env: environment, encoding: "utf8" })) as Tenant;
    },
    fillDemo() {
      execFileSync(binary, ["demo"], { env: environment, stdio: "ignore" });
    },
    async stop() {
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Reads what the server prints until it tells where it listens, and everything after, so that it never blocks. */
function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`The server ended:\n${said.join("\n")}`)));
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on("line", (line) => {
        said.push(line);
        const port = /127\.0\.0\.1:(\d+)/.exec(line)?.[1];
        if (port) resolve(Number(port));
      });
    }
  });
}
