/**
 * What the server tells the shop. Used by `main`. Invariant: whatever comes back, or nothing at all, the shop stands.
 */

export interface Staff {
  username: string;
  password: string;
  name: string;
}

export interface DemoConfig {
  /** Whose chat the widget opens; null where no key is known. */
  key: string | null;
  /** Only where the demo's accounts are: in development, once `smilechat demo` has run. */
  staff: Staff | null;
  /** False in production, where the server hands out nothing. */
  isDevelopment: boolean;
}

interface HandOut {
  publishable_key: string | null;
  staff: Staff | null;
}

/** `?key=pk_…` in the page's address shows the shop with the chat of another tenant. */
export async function readConfig(search: string, get: typeof fetch): Promise<DemoConfig> {
  const handedOut = await handOut(get);
  const named = new URLSearchParams(search).get("key");
  const key = named && /^pk_[\w-]+$/.test(named) ? named : null;
  return {
    key: key ?? handedOut?.publishable_key ?? null,
    staff: handedOut?.staff ?? null,
    isDevelopment: handedOut !== null,
  };
}

async function handOut(get: typeof fetch): Promise<HandOut | null> {
  try {
    const answer = await get("/demo/config.json", { headers: { Accept: "application/json" } });
    return answer.ok ? ((await answer.json()) as HandOut) : null;
  } catch {
    return null;
  }
}
