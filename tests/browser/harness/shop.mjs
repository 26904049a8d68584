// The server as `make run` starts it: in development, with the demo's people, tickets and shop.

import { get, login, put } from "../../clients/harness/people.mjs";
import { runCommand, startServer, stopServer } from "../../clients/harness/server.mjs";

export const PASSWORD = "smilechat-demo";

/** `{server, key}`, the key being that of the shop. */
export async function openShop({ env = {} } = {}) {
  const server = await startServer({ env: { SMILECHAT_ENV: "development", ...env } });
  // A server that stayed would keep the suite from ending.
  await runCommand(server, ["demo"]).catch(async (failure) => {
    await stopServer(server);
    throw failure;
  });
  // People talk here; the bot would answer in between.
  await put(server, await login(server, "olivia", PASSWORD), "/api/bot", { enabled: false });
  const handedOut = await (await fetch(`${server.url}/demo/config.json`)).json();
  return { server, key: handedOut.publishable_key };
}

export async function closeShop(shop) {
  await stopServer(shop.server);
}

/** Somebody of the demo, by REST. */
export async function demoPerson(shop, username) {
  return login(shop.server, username, PASSWORD);
}

/** The ticket that something happened to last. */
export async function newestTicket(shop, staff) {
  return (await get(shop.server, staff, "/api/tickets?limit=1")).data[0];
}
