// The cache of what the server holds. Live events keep it fresh; it asks again after sleep and after every reconnect.
import { ApiError } from "@smilechat/client";
import { QueryClient } from "@tanstack/react-query";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      gcTime: 10 * 60_000,
      retry: (failures, error) => failures < 2 && !isFinal(error),
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

/** Asking again would bring the same answer. */
function isFinal(error: Error): boolean {
  return error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429;
}
