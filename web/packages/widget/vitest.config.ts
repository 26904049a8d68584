import { defaultClientConditions } from "vite";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["@smilechat/source", ...defaultClientConditions] },
  test: { include: ["test/**/*.test.ts"], globalSetup: "test/build.ts" },
});
