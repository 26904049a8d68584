/** What to paste into a page for the widget. Without a key yet, a mark stands in its place. */
export function snippet(server: string, key: string): string {
  const config = `{ apiUrl: ${JSON.stringify(server)}, apiKey: ${JSON.stringify(key || "pk_…")} }`;
  return `<script>window.SmileChatConfig = ${config};</script>\n<script src="${server}/widget.js" async></script>`;
}

/** The origin of an address as people type it; null for none. Without a scheme it is https, on one's own machine http. */
export function originOf(typed: string): string | null {
  const site = typed.trim();
  if (site === "") return null;
  const scheme = /^(localhost|[^/:]+\.localhost|127(\.\d+){3}|\[::1\])([:/]|$)/iu.test(site) ? "http" : "https";
  const address = site.includes("://") ? site : `${scheme}://${site}`;
  if (!URL.canParse(address)) return null;
  const { protocol, hostname, origin } = new URL(address);
  // An address may have marks in its host that no browser sends: a star, above all, stands for itself.
  const isSite = /^https?:$/u.test(protocol) && /^([\w-]+(\.[\w-]+)*|\[[\da-f:.]+\])$/u.test(hostname);
  return isSite ? origin : null;
}

/** The origins of what was typed, each once; what is none stays as it is, to be mended. */
export function originsOf(typed: string[]): string[] {
  return [...new Set(typed.map((site) => originOf(site) ?? site))];
}
