/** Puts the widget on the page, the way any shop would. Used by `main`. */

type SmileChat = (command: string, ...rest: unknown[]) => void;

declare global {
  interface Window {
    SmileChat?: SmileChat;
    SmileChatConfig?: { apiUrl: string; apiKey: string; theme: { primaryColor: string } };
  }
}

/** The colour of the shop's buttons. */
const PRIMARY_COLOR = "#a8431f";

export function addChat(key: string): void {
  window.SmileChatConfig = { apiUrl: location.origin, apiKey: key, theme: { primaryColor: PRIMARY_COLOR } };
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
