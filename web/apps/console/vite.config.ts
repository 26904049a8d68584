import react from "@vitejs/plugin-react";
import { defaultClientConditions } from "vite";
import { defineConfig } from "vitest/config";

/** Where the server listens during development; the built pages share its origin. */
const server = process.env.SMILECHAT_URL ?? "http://localhost:3100";
const proxy = { "/api": server, "/socket.io": { target: server, ws: true } };

export default defineConfig({
  base: "/app/",
  plugins: [react()],
  resolve: { conditions: ["@smilechat/source", ...defaultClientConditions] },
  // The server puts a fresh nonce here with every page; see csp.ts.
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    outDir: "../../dist/console",
    emptyOutDir: true,
    target: "es2022",
    // The policy of the page allows fonts and pictures from files only.
    assetsInlineLimit: 0,
  },
  server: { proxy },
  preview: { proxy },
  test: { include: ["test/**/*.test.{ts,tsx}"] },
});
