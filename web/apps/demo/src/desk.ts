/**
 * Opens the support desk beside the shop, signed in as the demo's staff. Used by `main`.
 *
 * The session is left where the console's own client looks for it; no token is ever part of an address. Who is signed in
 * there already stays so.
 */
import { createClient, localStorageOrMemory } from "@smilechat/client";
import type { Staff } from "./config";

const DESK = "/app";
const CONSOLE_STORAGE = "smilechat:console";
/** The same name again is the same window. */
const WINDOW_NAME = "smilechat-desk";
/** Below this there is no beside: the desk gets a tab. */
const ROOM_FOR_TWO = 1100;

export interface Place {
  availLeft?: number;
  availTop?: number;
  availWidth: number;
  availHeight: number;
}

/** On the left: at the right is the chat. */
export function windowFeatures(screen: Place): string {
  if (screen.availWidth < ROOM_FOR_TWO) return "";
  const width = Math.round(screen.availWidth * 0.62);
  return `popup,left=${screen.availLeft ?? 0},top=${screen.availTop ?? 0},width=${width},height=${screen.availHeight}`;
}

/** Throws what went wrong, with the window closed again. False: the browser keeps windows from opening. */
export async function openDesk(
  staff: Staff,
  signIn: (staff: Staff) => Promise<void> = signInToConsole,
): Promise<boolean> {
  // At once, while the browser still knows that somebody clicked.
  const desk = window.open("", WINDOW_NAME, windowFeatures(screen as Place));
  if (!desk) {
    await signIn(staff);
    return false;
  }
  desk.focus();
  if (desk.location.pathname.startsWith(DESK)) return true;
  desk.document.title = "Opening the support desk …";
  try {
    await signIn(staff);
  } catch (fault) {
    desk.close();
    throw fault;
  }
  desk.location.replace(DESK);
  return true;
}

async function signInToConsole(staff: Staff): Promise<void> {
  const client = createClient({
    url: location.origin,
    storage: localStorageOrMemory(),
    storagePrefix: CONSOLE_STORAGE,
  });
  try {
    const { status } = await client.session.ready();
    const isSignedIn = status === "signed_in" && (await isStillGood(client));
    if (!isSignedIn) await client.session.login({ username: staff.username, password: staff.password });
  } finally {
    client.close();
  }
}

/** The data folder may have been emptied since. */
async function isStillGood(client: ReturnType<typeof createClient>): Promise<boolean> {
  return client.request("GET /api/users/profile").then(
    () => true,
    () => false,
  );
}
