/** Builds the shop for `/demo`. In development the server of `SMILECHAT_URL` answers for all but the shop itself. */
import { fileURLToPath } from "node:url";
import { defaultClientConditions, defaultServerConditions, defineConfig } from "vite";

const server = process.env.SMILECHAT_URL ?? "http://localhost:3100";

export default defineConfig({
  base: "/demo/",
  publicDir: false,
  resolve: { conditions: ["@smilechat/source", ...defaultClientConditions] },
  // For the tests.
  ssr: { resolve: { conditions: ["@smilechat/source", ...defaultServerConditions] } },
  build: {
    outDir: fileURLToPath(new URL("../../dist/demo", import.meta.url)),
    emptyOutDir: true,
    // Pictures stay files: the policy of the page and the cache are the better for it.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      "^/(api|widget|app|socket\\.io|demo/config\\.json)": { target: server, ws: true },
    },
  },
});
