/** Builds the loader, after the app: one file without a hash in its name, which knows the name of the app's. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { outDir } from "./out.ts";

export default defineConfig(() => {
  const manifest: Record<string, { file: string }> = JSON.parse(readFileSync(`${outDir}/.vite/manifest.json`, "utf8"));
  const app = manifest["src/app.ts"]?.file.replace("assets/", "");
  return {
    publicDir: false as const,
    define: { __APP_FILE__: JSON.stringify(app) },
    build: {
      outDir,
      emptyOutDir: false,
      reportCompressedSize: false,
      lib: {
        entry: fileURLToPath(new URL("src/loader.ts", import.meta.url)),
        formats: ["iife" as const],
        name: "SmileChatLoader",
        fileName: () => "widget.js",
      },
    },
  };
});
