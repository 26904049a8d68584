// The one client of this page: session, REST and the one socket. Everything that talks to the server goes through it.
import { createClient, localStorageOrMemory } from "@smilechat/client";

export const client = createClient({
  url: location.origin,
  storage: localStorageOrMemory(),
  storagePrefix: "smilechat:console",
});
