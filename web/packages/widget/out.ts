/** Where both builds write: the folder that the server reads, or one that a test names. */
import { fileURLToPath } from "node:url";

export const outDir = process.env.WIDGET_OUT_DIR ?? fileURLToPath(new URL("../../dist/widget", import.meta.url));
