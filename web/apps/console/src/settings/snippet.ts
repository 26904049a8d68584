/** What to paste into a page for the widget. Without a key yet, a mark stands in its place. */
export function snippet(server: string, key: string): string {
  const config = `{ apiUrl: ${JSON.stringify(server)}, apiKey: ${JSON.stringify(key || "pk_…")} }`;
  return `<script>window.SmileChatConfig = ${config};</script>\n<script src="${server}/widget.js" async></script>`;
}
