import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 30_000,
    // One server at a time: what is measured in seconds here should not wait for the others.
    fileParallelism: false,
    expect: { poll: { timeout: 15_000 } },
  },
});
