/**
 * Who is signed in, and the tokens. Kept in the storage and shared through it by all tabs.
 *
 * **Invariant:** a refresh token is spent once for all who wait: one call in this client, one lock among tabs, and
 * whoever gets the lock looks first whether the storage has newer tokens. The server forgives a repeat within 30 s.
 */
import type { Session, User } from "./api.js";
import { ApiError } from "./error.js";
import type { Http } from "./http.js";
import type { Lock } from "./lock.js";
import { type Observable, source } from "./observable.js";
import type { Environment } from "./platform.js";
import type { SessionControl, SessionState } from "./public.js";
import type { KeyValueStorage } from "./storage.js";

/** What the storage holds. */
interface Held {
  user: User;
  access_token: string;
  refresh_token: string;
  /** From when on the access token should be renewed, in milliseconds since 1970. */
  renew_at: number;
}

export interface SessionKeeper extends SessionControl {
  readonly token: Observable<string | null>;
  /** When `token` should be renewed. */
  renewAt(): number;
  user(): User | null;
  /** Once the storage has answered. */
  requireUser(): Promise<User>;
  /** Another token than this one, which the server has refused. */
  renew(refused: string): Promise<string>;
  close(): void;
}

export interface SessionParts {
  environment: Environment;
  http: Http;
  storage: KeyValueStorage;
  lock: Lock;
  prefix: string;
  /** A guest has become this customer. */
  onIdentified(guest: User, customer: User): Promise<void>;
  /** Somebody has signed out here: nothing of theirs may stay. */
  onSignedOut(user: User): Promise<void>;
}

export function createSession(parts: SessionParts): SessionKeeper {
  const { environment, http, storage, lock, prefix } = parts;
  const key = `${prefix}:session`;
  const state = source<SessionState>({ status: "restoring", user: null });
  const token = source<string | null>(null);
  let held: Held | null = null;
  let renewing: Promise<string> | null = null;

  const adopt = (next: Held | null, reason: "none" | "expired" | "signed_out") => {
    const before = state.get();
    held = next;
    if (!next) {
      if (before.status !== "signed_out") state.set({ status: "signed_out", user: null, reason });
    } else if (JSON.stringify(before.user) !== JSON.stringify(next.user)) {
      state.set({ status: "signed_in", user: next.user });
    }
    token.set(next?.access_token ?? null);
  };
  const read = async (): Promise<Held | null> => {
    try {
      const found = JSON.parse((await storage.get(key)) ?? "null") as Held | null;
      return found?.user && found.access_token && found.refresh_token ? found : null;
    } catch {
      return null;
    }
  };
  const keep = async (next: Held) => {
    adopt(next, "none");
    await storage.set(key, JSON.stringify(next));
    return next.user;
  };
  const end = async (reason: "expired" | "signed_out") => {
    adopt(null, reason);
    // Other tabs read the reason off it.
    await (reason === "expired" ? storage.set(key, `"${reason}"`) : storage.remove(key));
  };
  const holding = ({ user, access_token, refresh_token, expires_in }: Session): Held => {
    const renew_at = environment.now() + Math.max(expires_in - 60, expires_in * 0.7) * 1000;
    return { user, access_token, refresh_token, renew_at };
  };

  const restored = read().then((found) => {
    if (state.get().status === "restoring") adopt(found, "none");
  });
  const unwatch = storage.watch?.(async (changed) => {
    if (changed === key) adopt(await read(), (await storage.get(key)) ? "expired" : "signed_out");
  });

  const post = <T = Session>(path: string, body: unknown, token?: string | null) =>
    http.json<T>({ method: "POST", path: `/api/auth/${path}`, body, token });
  const signIn = async (path: string, body: unknown) => {
    await restored;
    return keep(holding(await post(path, body)));
  };
  const signedIn = (): Held => {
    if (!held) throw new ApiError(401, "signed_out", "Nobody is signed in.");
    return held;
  };

  /** Spends the refresh token of `mine`, unless somebody has by now. */
  const refresh = async (mine: Held): Promise<string> => {
    const isSpent = (newest: Held | null) => newest && newest.refresh_token !== mine.refresh_token;
    const newest = (await read()) ?? signedIn();
    if (isSpent(newest)) adopt(newest, "none");
    else {
      try {
        const next = holding(await post("refresh", { refresh_token: mine.refresh_token }));
        // Somebody may have signed out, or in as another, meanwhile.
        if (!isSpent(held) && held) await keep(next);
      } catch (fault) {
        if (!(fault instanceof ApiError) || fault.status !== 401) throw fault;
        const others = await read();
        if (isSpent(others)) adopt(others, "none");
        else if (!isSpent(held)) await end("expired");
      }
    }
    return signedIn().access_token;
  };
  const renew = async (refused: string) => {
    await restored;
    const mine = signedIn();
    if (mine.access_token !== refused) return mine.access_token;
    renewing ??= lock(`${key}:refresh`, () => refresh(mine)).finally(() => {
      renewing = null;
    });
    return renewing;
  };
  const accessToken = async () => {
    await restored;
    const { access_token, renew_at } = signedIn();
    return environment.now() < renew_at ? access_token : renew(access_token);
  };

  return {
    state,
    token,
    renew,
    accessToken,
    user: () => held?.user ?? null,
    requireUser: () => restored.then(() => signedIn().user),
    renewAt: () => held?.renew_at ?? 0,
    close: () => unwatch?.(),
    ready: () => restored.then(() => state.get()),
    login: (credentials) => signIn("login", credentials),
    register: (registration) => signIn("register", registration),
    async anonymous() {
      await restored;
      return lock(`${key}:guest`, async () => {
        // Another tab may have been faster.
        const found = held ?? (await read());
        return found ? keep(found) : keep(holding(await post("anonymous", {})));
      });
    },
    async identify(proof) {
      await restored;
      const guest = held?.user;
      // Without the guest's token their tickets stay behind: only if it is of no more use.
      const mine = await accessToken().catch((fault: ApiError) => {
        if (fault.status !== 401) throw fault;
        return null;
      });
      const next = holding(await post("identify", proof, mine));
      if (guest && guest.id !== next.user.id) await parts.onIdentified(guest, next.user);
      return keep(next);
    },
    async switchRole(role) {
      return keep(holding(await post("switch-role", { role }, await accessToken())));
    },
    async updateProfile(patch) {
      const user = await http.json<User>({
        method: "PUT",
        path: "/api/users/profile",
        body: patch,
        token: await accessToken(),
      });
      return keep({ ...signedIn(), user });
    },
    async signOut({ everywhere } = {}) {
      await restored;
      if (!held) return;
      const { user, access_token, refresh_token } = held;
      await end("signed_out");
      await parts.onSignedOut(user);
      const leave = (token: string) => post<undefined>("logout", { everywhere: everywhere ?? false }, token);
      // A token that has run out cannot sign out, a new one can.
      await leave(access_token)
        .catch(async (fault) => {
          if (fault instanceof ApiError && fault.status === 401) {
            await leave((await post("refresh", { refresh_token })).access_token);
          }
        })
        .catch(() => {});
    },
  };
}
