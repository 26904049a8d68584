// A place for database files that can be filled, and files that can be kept from being written.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A small file system of its own, in memory. Needs root. */
export function mountSmallDisk(megabytes) {
  const folder = mkdtempSync(join(tmpdir(), "smilechat-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "smilechat-test", folder]);
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill() {
      // Ends with "no space left", as it is meant to.
      spawnWithoutWords("dd", ["if=/dev/zero", `of=${ballast}`, "bs=4k"]);
    },
    empty: () => rmSync(ballast, { force: true }),
    unmount() {
      execFileSync("umount", [folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

function spawnWithoutWords(command, args) {
  try {
    execFileSync(command, args, { stdio: "ignore" });
  } catch {
    // What it was to do, it did as far as it could.
  }
}

/** To run a server under that is to bear a limit on the size of its files as an error, not as a signal. */
export const bearsLimits = ["bash", "-c", 'trap "" XFSZ; exec "$@"', "bash"];

/** No file of the process may grow beyond that size; `undefined` lifts the limit. */
export function limitFiles(server, bytes = "unlimited") {
  execFileSync("prlimit", ["--pid", String(server.child.pid), `--fsize=${bytes}:unlimited`]);
}

/** Holds the database's write lock from another process; the answer lets go of it. */
export async function lockDatabase(path) {
  const hold = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('pragma busy_timeout = 10000')";
  const script = `${hold}; c.execute('begin immediate'); print('held', flush=True); sys.stdin.read()`;
  const child = spawn("python3", ["-c", script, path], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return async () => {
    child.stdin.end();
    await once(child, "exit");
  };
}

/** Not even root can write a file that is immutable. Needs root, and a file system that knows this. */
export function makeImmutable(paths, is) {
  execFileSync("chattr", [is ? "+i" : "-i", ...paths]);
}

export function sizeOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

export function canMakeImmutable(folder) {
  const probe = join(folder, "probe");
  writeFileSync(probe, "");
  try {
    makeImmutable([probe], true);
    makeImmutable([probe], false);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe);
  }
}
