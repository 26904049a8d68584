// Calls that are newer than the client's generated types. Each moves to `client.request` once the types know it.
import { client } from "./client";
import type { ApiKey, Person } from "./types";

type Untyped = (endpoint: string, options?: Record<string, unknown>) => Promise<unknown>;

const request = client.request as unknown as Untyped;

interface PeopleQuery {
  kind?: "staff" | "customer";
  q?: string;
  /** At most 100, with commas between them. */
  ids?: string;
  limit?: number;
  cursor?: string;
}

export function listPeople(query: PeopleQuery, signal?: AbortSignal) {
  const answer = request("GET /api/users", { query, ...(signal ? { signal } : {}) });
  return answer as Promise<{ data: Person[]; next_cursor?: string | null }>;
}

export function changeApiKey(id: string, body: { name?: string; allowed_origins?: string[] }) {
  return request("PUT /api/api-keys/{api_key_id}", { path: { api_key_id: id }, body }) as Promise<ApiKey>;
}

export function showIdentitySecret() {
  return request("GET /api/settings/identity") as Promise<{ identity_secret: string }>;
}

export function rotateIdentitySecret() {
  return request("POST /api/settings/identity", { body: {} }) as Promise<{ identity_secret: string }>;
}

export function showTotp(signal: AbortSignal) {
  return request("GET /api/users/totp", { signal }) as Promise<{ is_active: boolean }>;
}
