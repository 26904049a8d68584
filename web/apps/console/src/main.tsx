// The console: where support staff answer. Layers of styles first, so that ours win over the library's.
import "./csp";
import "@mantine/core/styles.layer.css";
import "@mantine/notifications/styles.layer.css";
import "@mantine/spotlight/styles.layer.css";
import "@fontsource-variable/figtree/wght.css";
import "./theme/tokens.css";
import "./theme/base.css";
import { watchBrowser } from "@smilechat/client";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { client } from "./backend/client";

watchBrowser(client);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
