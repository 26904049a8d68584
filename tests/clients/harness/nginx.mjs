// A private nginx on free ports of the loopback, from a file that is shipped in deploy/nginx: only its ports, its addresses
// and its certificate are others.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { freePort } from "./server.mjs";
import { poll } from "./wait.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * `places` says what stands in the place of each address of a node: `{"127.0.0.1:3100": "127.0.0.1:40000"}`. `url` is in the
 * clear, `secureUrl` by TLS with a certificate that `authority` (a file) vouches for, `plainUrl` is the server of port 80.
 */
export async function startNginx(file, places) {
  const folder = mkdtempSync(join(tmpdir(), "smilechat-nginx-"));
  const [port, securePort, plainPort] = [await freePort(), await freePort(), await freePort()];
  makeCertificate(folder);
  const shipped = readFileSync(join(root, "deploy/nginx", file), "utf8");
  writeFileSync(join(folder, "shipped.conf"), moved(shipped, places, { port, securePort, plainPort, folder }));
  writeFileSync(join(folder, "nginx.conf"), surroundings(folder));
  const command = ["-p", folder, "-c", "nginx.conf", "-e", "error.log"];
  execFileSync(program(), [...command, "-t"], { stdio: ["ignore", "ignore", "pipe"] });
  const child = spawn(program(), command, { stdio: "ignore" });
  const end = () => child.kill("SIGTERM");
  process.once("exit", end);
  const nginx = {
    folder,
    child,
    end,
    url: `http://127.0.0.1:${port}`,
    secureUrl: `https://localhost:${securePort}`,
    plainUrl: `http://127.0.0.1:${plainPort}`,
    authority: join(folder, "certificate.pem"),
  };
  await poll("nginx to listen", 10_000, async () => {
    if (child.exitCode !== null) throw new Error(readFileSync(join(folder, "error.log"), "utf8"));
    return fetch(`${nginx.url}/metrics`).catch(() => undefined);
  });
  return nginx;
}

export async function stopNginx({ child, end, folder }) {
  process.removeListener("exit", end);
  if (child.exitCode === null) {
    end();
    await once(child, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
}

function moved(shipped, places, { port, securePort, plainPort, folder }) {
  let conf = shipped
    .replaceAll(/^ *listen \[::\].*\n/gm, "")
    .replaceAll("listen 80;", `listen 127.0.0.1:${plainPort};`)
    // The second is for clients that cannot be told of a certificate.
    .replaceAll("listen 443 ssl http2;", `listen 127.0.0.1:${securePort} ssl http2; listen 127.0.0.1:${port};`)
    .replaceAll(/ssl_certificate +\S+;/g, `ssl_certificate ${folder}/certificate.pem;`)
    .replaceAll(/ssl_certificate_key +\S+;/g, `ssl_certificate_key ${folder}/key.pem;`);
  for (const [shippedPlace, place] of Object.entries(places)) {
    if (!conf.includes(shippedPlace)) throw new Error(`${shippedPlace} does not stand in the file`);
    conf = conf.replaceAll(shippedPlace, place);
  }
  return conf;
}

/** What nginx.conf has around a file of conf.d. */
function surroundings(folder) {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((what) => `${what}_temp_path ${folder}/${what};`);
  return `
${process.getuid() === 0 ? "user root;" : ""}
daemon off;
worker_processes 2;
pid ${folder}/pid;
error_log ${folder}/error.log notice;
# Every socket is two connections.
worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
  access_log ${folder}/access.log;
  ${temporary.join(" ")}
  include ${folder}/shipped.conf;
}
`;
}

function makeCertificate(folder) {
  const names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
  const wanted = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "certificate.pem")];
  execFileSync("openssl", ["req", ...wanted, "-addext", names, "-addext", "basicConstraints=CA:FALSE", ...files], { stdio: "ignore" });
}

function program() {
  const installed = "/usr/sbin/nginx";
  const unpacked = join(root, "target/tools/nginx/usr/sbin/nginx");
  const found = [installed, unpacked].find((path) => existsSync(path));
  if (!found) throw new Error("no nginx; scripts/setup-tests fetches it");
  return found;
}
