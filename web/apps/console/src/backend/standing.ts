// How the page stands with the server: live, catching up, degraded, or offline. What the socket knows is not all of it: it
// may be there by a detour, or its server may miss a part of itself.
/** What `/readyz` says. */
export interface Health {
  isReached: boolean;
  /** The dependencies that do not answer, by their names. */
  down: string[];
}

export type Standing =
  | { state: "live" | "catching_up" | "offline"; why: null }
  /** `no_socket`: requests are answered, and live updates do not come. */
  | { state: "degraded"; why: "no_socket" | "polling" | "database" | "bus" | "files" };

const PATIENCE_MS = 5_000;
/** The worst first. */
const DEPENDENCIES = ["database", "bus", "files"] as const;

export function judge(
  connection: "offline" | "catching_up" | "live",
  transport: "websocket" | "polling" | null,
  health: Health | null,
): Standing {
  if (connection === "offline") {
    return health?.isReached ? { state: "degraded", why: "no_socket" } : { state: "offline", why: null };
  }
  const down = DEPENDENCIES.find((name) => health?.down.includes(name));
  if (down) return { state: "degraded", why: down };
  if (connection === "catching_up") return { state: "catching_up", why: null };
  return transport === "polling" ? { state: "degraded", why: "polling" } : { state: "live", why: null };
}

export async function askHealth(ask: typeof fetch = fetch): Promise<Health> {
  try {
    const answer = await ask("/readyz", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    const { dependencies } = (await answer.json()) as { dependencies: { name: string; status: string }[] };
    return { isReached: true, down: dependencies.filter((one) => one.status !== "ok").map((one) => one.name) };
  } catch {
    // No answer, or one of a proxy whose server is away.
    return { isReached: false, down: [] };
  }
}
