/**
 * Owns `window.SmileChat` until the app is there. It is all that a page loads at once: it keeps the calls and fetches the
 * app when the page is idle, or at the first call. The build puts the app's file name in.
 * Invariant: calls reach the app in the order made, the boot by `SmileChatConfig` first.
 */
import type { Call, PageConfig } from "./config";

declare const __APP_FILE__: string;

interface Page {
  SmileChat?: ((...call: Call) => void) & { q?: Iterable<ArrayLike<unknown>>; loaded?: boolean };
  SmileChatConfig?: PageConfig;
}

const page = window as Page;
const script = document.currentScript as HTMLScriptElement | null;

if (!page.SmileChat?.loaded) {
  const calls = Array.from(page.SmileChat?.q ?? [], (call) => Array.from(call) as Call);
  const wasCalled = calls.length > 0;
  let isLoading = false;

  const load = () => {
    if (isLoading) return;
    isLoading = true;
    const nonce = script?.nonce;
    const config = calls.find(
      (call) => call[0] === "boot" && (call[1] as PageConfig | undefined)?.apiUrl,
    )?.[1] as PageConfig;
    const server = (
      config?.apiUrl ??
      page.SmileChatConfig?.apiUrl ??
      script?.src.replace(/\/widget(\.js|\/[^/]*)([?#].*)?$/, "") ??
      ""
    ).replace(/\/+$/, "");
    import(/* @vite-ignore */ `${server}/widget/${__APP_FILE__}`).then(
      (app) => app.start(calls, server, nonce),
      () => {
        isLoading = false;
        const detail = { code: "load_failed", message: "The chat could not be loaded." };
        document.dispatchEvent(new CustomEvent("smilechat:error", { detail, bubbles: true }));
      },
    );
  };

  const smilechat: Page["SmileChat"] = (...call) => {
    calls.push(call);
    load();
  };
  smilechat.loaded = true;
  page.SmileChat = smilechat;

  const loadWhenIdle = () => (window.requestIdleCallback ?? setTimeout)(load);
  if (page.SmileChatConfig) {
    calls.unshift(["boot"]);
    if (document.readyState === "complete") loadWhenIdle();
    else addEventListener("load", loadWhenIdle);
  }
  if (wasCalled) load();
}
