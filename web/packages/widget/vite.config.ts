/** Builds the app: ES modules with hashed names, which import each other by relative address wherever they are served. */
import { fileURLToPath } from "node:url";
import { defaultClientConditions, defineConfig } from "vite";
import { outDir } from "./out.ts";

export default defineConfig({
  publicDir: false,
  resolve: { conditions: ["@smilechat/source", ...defaultClientConditions] },
  build: {
    outDir,
    emptyOutDir: true,
    manifest: ".vite/manifest.json",
    reportCompressedSize: false,
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
    // A library has no preload script put around its imports.
    lib: { entry: { app: fileURLToPath(new URL("src/app.ts", import.meta.url)) }, formats: ["es"] },
    rolldownOptions: {
      // What parts share stays in the app's own file: one request, and it compresses better.
      preserveEntrySignatures: "allow-extension",
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        minify: true,
        comments: false,
        postBanner: "/* Notices: /app/licenses.txt */",
      },
    },
  },
});
