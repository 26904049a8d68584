/**
 * Owns how an article is drawn: headings, paragraphs, lists, quotes, code, and within a line emphasis, code and links.
 * Invariant: what is not understood is text. Nothing of an article becomes markup; a link is http or https, and a picture is
 * its words: the window of a chat fetches nothing from where an article says.
 */
import type { ComponentChildren, VNode } from "preact";
import { Linked } from "./Answer";
import { resolve } from "./sources";

export function Markdown({ text, base }: { text: string; base: string }) {
  return <div class="markdown">{blocksOf(text).map((block) => draw(block, base))}</div>;
}

export type Block =
  | { kind: "heading" | "paragraph" | "quote" | "code"; text: string }
  | { kind: "list"; isOrdered: boolean; items: string[] }
  | { kind: "rule" };

const ITEM = /^\s*(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;

/** In the order written. */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let open = null as Block | null;
  let isCode = false;
  for (const line of text.split(/\r?\n/)) {
    const last = open;
    if (/^\s*(```|~~~)/.test(line)) {
      isCode = !isCode;
      open = isCode ? { kind: "code", text: "" } : null;
      if (open) blocks.push(open);
    } else if (isCode && last?.kind === "code") {
      last.text += `${last.text && "\n"}${line}`;
    } else if (!line.trim()) {
      open = null;
    } else if (/^ {0,3}#{1,6}\s/.test(line)) {
      blocks.push({ kind: "heading", text: line.replace(/^\s*#+\s+/, "").replace(/\s+#+\s*$/, "") });
      open = null;
    } else if (/^ {0,3}([-*_])(?:\s*\1){2,}\s*$/.test(line)) {
      blocks.push({ kind: "rule" });
      open = null;
    } else {
      const [, number, item] = ITEM.exec(line) ?? [];
      const quoted = /^\s*>\s?(.*)$/.exec(line)?.[1];
      if (item !== undefined) {
        const before = blocks.at(-1);
        const isOrdered = number !== undefined;
        if (before?.kind === "list" && before.isOrdered === isOrdered) before.items.push(item);
        else blocks.push({ kind: "list", isOrdered, items: [item] });
        open = blocks.at(-1) ?? null;
      } else if (last?.kind === "list") {
        last.items.push(`${last.items.pop()} ${line.trim()}`);
      } else {
        const kind = quoted === undefined ? "paragraph" : "quote";
        const words = (quoted ?? line).trim();
        if (last?.kind === kind) last.text += `\n${words}`;
        else {
          open = { kind, text: words };
          blocks.push(open);
        }
      }
    }
  }
  return blocks;
}

function draw(block: Block, base: string): VNode {
  switch (block.kind) {
    case "heading":
      return <h3 dir="auto">{spans(block.text, base)}</h3>;
    case "paragraph":
      return <p dir="auto">{spans(block.text, base)}</p>;
    case "quote":
      return <blockquote dir="auto">{spans(block.text, base)}</blockquote>;
    case "code":
      return (
        <pre dir="ltr">
          <code>{block.text}</code>
        </pre>
      );
    case "rule":
      return <hr />;
    case "list": {
      const items = block.items.map((item) => <li dir="auto">{spans(item, base)}</li>);
      return block.isOrdered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
  }
}

/** Code, a picture, a link, strong, emphasised: whichever comes first. */
const SPAN =
  /`([^`]{1,1000})`|!?\[([^\][]{0,300})\]\(<?([^\s()<>]{1,2000})>?(?:\s+"[^"]{0,300}")?\)|\*\*(?=\S)(.{1,1000}?)\*\*|__(?=\S)(.{1,1000}?)__|(?<![*\w])[*_](?=[^\s*_])(.{1,1000}?)[*_](?![*\w])/s;

function spans(text: string, base: string, depth = 0): ComponentChildren {
  const drawn: ComponentChildren[] = [];
  let rest = text;
  for (let found = SPAN.exec(rest); found && depth < 4; found = SPAN.exec(rest)) {
    drawn.push(plain(rest.slice(0, found.index)));
    const [all, code, label, address, strong, strong2, soft] = found;
    const within = (inner: string) => spans(inner, base, depth + 1);
    if (code !== undefined) drawn.push(<code>{code}</code>);
    else if (address !== undefined)
      drawn.push(all.startsWith("!") ? plain(label ?? "") : link(label ?? "", address, base));
    else if (soft !== undefined) drawn.push(<em>{within(soft)}</em>);
    else drawn.push(<strong>{within(strong ?? strong2 ?? "")}</strong>);
    rest = rest.slice(found.index + all.length);
  }
  drawn.push(plain(rest));
  return drawn;
}

function link(label: string, address: string, base: string): VNode | string {
  const href = resolve(address, base);
  if (!href) return plainText(label);
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {plainText(label)}
    </a>
  );
}

const plain = (text: string) => <Linked text={plainText(text)} />;

/** A mark behind a backslash is a mark and nothing more. */
const plainText = (text: string) => text.replace(/\\([\\`*_{}[\]()#+\-.!>|~])/g, "$1");
