// What this browser keeps for the console. Where it refuses (blocked, full), memory does until the page is closed.

const unkept = new Map<string, string | null>();

export function kept(key: string): string | null {
  const here = unkept.get(key);
  if (here !== undefined) return here;
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function keep(key: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
    unkept.delete(key);
  } catch {
    unkept.set(key, text);
  }
}

/** The browser refuses: something would be lost with the page. */
export function isOnlyInMemory(): boolean {
  return [...unkept.values()].some((text) => text !== null);
}

/** The keys of all that is kept. */
export function keptKeys(): string[] {
  const here = [...unkept].flatMap(([key, text]) => (text === null ? [] : [key]));
  try {
    const there = Array.from({ length: localStorage.length }, (_, index) => localStorage.key(index) ?? "");
    return [...new Set([...here, ...there.filter((key) => !unkept.has(key))])];
  } catch {
    return here;
  }
}
