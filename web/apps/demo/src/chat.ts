/**
 * Puts the widget on the page, the way any shop would. Used by `main`. Its name, color and greeting are settings of the
 * tenant, which `smilechat demo` makes.
 */

type SmileChat = (command: string, ...rest: unknown[]) => void;

declare global {
  interface Window {
    SmileChat?: SmileChat;
    SmileChatConfig?: { apiUrl: string; apiKey: string };
  }
}

export function addChat(key: string): void {
  window.SmileChatConfig = { apiUrl: location.origin, apiKey: key };
  const script = document.createElement("script");
  script.src = "/widget.js";
  script.async = true;
  document.head.append(script);
}

/** Every `data-opens-chat` does. */
export function connectChatButtons(): void {
  document.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("[data-opens-chat]")) window.SmileChat?.("open");
  });
}
