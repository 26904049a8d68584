// Who is signed in, and what they may do.
import { client } from "./client";
import { useObservable } from "./observe";
import type { User } from "./types";

/** The member of staff; only for what is shown to somebody signed in. */
export function useMe(): User {
  const session = useObservable(client.session.state);
  if (!session.user) throw new Error("shown to nobody signed in");
  return session.user;
}

export function isStaff(user: User): boolean {
  return user.role !== "customer";
}

export function isAdmin(user: User): boolean {
  return user.role === "admin";
}
