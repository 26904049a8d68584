// Where an answer of the bot comes from: it says so in the last line, `title: address`. Pure.

export interface BotSource {
  title: string;
  /** Of the article. */
  slug: string;
}

const LAST_LINE = /^(?:([\s\S]*?)\n+)?([^\n]+?): (https?:\/\/\S+|\/\S*)$/u;

/** The text without that line, and what the line says; a text without one stays as it is. */
export function splitSource(text: string): { text: string; source: BotSource | null } {
  const match = LAST_LINE.exec(text.trimEnd());
  const slug = match && slugOf(match[3] ?? "");
  if (!match || !slug) return { text, source: null };
  return { text: (match[1] ?? "").trimEnd(), source: { title: match[2] ?? "", slug } };
}

function slugOf(address: string): string | null {
  const path = address.replace(/[?#].*$/u, "").replace(/\/+$/u, "");
  const last = path.slice(path.lastIndexOf("/") + 1);
  return /^[a-z0-9]+(?:-[a-z0-9]+)*$/u.test(last) ? last : null;
}
