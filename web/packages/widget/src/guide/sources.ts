/**
 * Owns where an answer says it comes from: its last lines, `title: address`. Used by the bubbles of the bot.
 * Invariant: an address is http or https; one that begins with `/` is of our own server.
 */

export interface Source {
  title: string;
  href: string;
}

const LINE = /^(.{1,300}): ((?:https?:\/\/|\/)\S{1,2048})$/i;

/** The text without its sources, and these in the order written. */
export function splitSources(content: string, server: string): { text: string; sources: Source[] } {
  const lines = content.trimEnd().split("\n");
  const sources: Source[] = [];
  for (;;) {
    const source = sourceIn(lines.at(-1) ?? "", server);
    if (!source) break;
    sources.unshift(source);
    lines.pop();
  }
  return { text: lines.join("\n").trimEnd(), sources };
}

function sourceIn(line: string, server: string): Source | null {
  const [, title, address] = LINE.exec(line.trim()) ?? [];
  const href = title && address ? resolve(address, server) : null;
  return title && href ? { title: title.replace(/^[-*•]\s+/, ""), href } : null;
}

/** An address that may be followed, or null. `server` is empty where the page is the server's own. */
export function resolve(address: string, server: string): string | null {
  try {
    const own = new URL(server || ".", location.href);
    const found = new URL(address, own);
    const isOwn = found.origin === own.origin;
    const isAbsolute = /^https?:\/\//i.test(address);
    return /^https?:$/.test(found.protocol) && (isAbsolute || isOwn) ? found.href : null;
  } catch {
    return null;
  }
}
