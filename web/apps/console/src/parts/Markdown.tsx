// An article as its readers see it. Markdown becomes elements one by one, never HTML: what looks like HTML is shown as it was
// typed, links go to http and https alone, and pictures, which would tell others who reads, are links too.
import { lexer, type MarkedToken, type Token, type Tokens } from "marked";
import { createElement, Fragment, type ReactNode } from "react";
import styles from "./Markdown.module.css";

export function Markdown({ text }: { text: string }) {
  return (
    <div className={styles.article} dir="auto">
      {blocks(inSteps(lexer(text, { gfm: true })))}
    </div>
  );
}

/** Below the headings of the page that it stands on. */
const FIRST_LEVEL = 3;
const LAST_LEVEL = 6;

/** Headings go down one step at a time, whatever they began with: who hears the page finds the way by them. */
function inSteps(tokens: Token[]): Token[] {
  const above: number[] = [];
  return tokens.map((token) => {
    if (token.type !== "heading") return token;
    while ((above.at(-1) ?? 0) >= token.depth) above.pop();
    above.push(token.depth);
    return { ...token, depth: above.length };
  });
}

/** In their order, which nothing changes: no keys are needed. */
function all(nodes: ReactNode[] | undefined): ReactNode {
  return createElement(Fragment, null, ...(nodes ?? []));
}

function blocks(tokens: Token[] | undefined): ReactNode {
  return all(tokens?.map((token) => block(token as MarkedToken)));
}

function block(token: MarkedToken): ReactNode {
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "heading":
      return createElement(`h${Math.min(token.depth + FIRST_LEVEL - 1, LAST_LEVEL)}`, null, inline(token.tokens));
    case "paragraph":
      return <p>{inline(token.tokens)}</p>;
    case "code":
      return (
        <pre>
          <code>{token.text}</code>
        </pre>
      );
    case "hr":
      return <hr />;
    case "blockquote":
      return <blockquote>{blocks(token.tokens)}</blockquote>;
    case "list":
      return list(token);
    case "table":
      return table(token);
    case "html":
      return <p>{token.text.trimEnd()}</p>;
    case "text":
      return token.tokens ? inline(token.tokens) : token.text;
    default:
      return inline([token]);
  }
}

function list({ ordered, start, items }: Tokens.List): ReactNode {
  const rows = items.map((item) => (
    // biome-ignore lint/correctness/useJsxKeyInIterable: see `all`
    <li>
      {item.task && (item.checked ? "☑ " : "☐ ")}
      {blocks(item.tokens.filter(({ type }) => type !== "checkbox"))}
    </li>
  ));
  return ordered ? <ol start={start === "" ? 1 : start}>{all(rows)}</ol> : <ul>{all(rows)}</ul>;
}

function table({ header, rows }: Tokens.Table): ReactNode {
  const cells = (row: Tokens.TableCell[]) => all(row.map((cell) => createElement("td", null, inline(cell.tokens))));
  return (
    <div className={styles.scroll}>
      <table>
        <thead>
          <tr>{all(header.map((cell) => createElement("th", { scope: "col" }, inline(cell.tokens))))}</tr>
        </thead>
        <tbody>{all(rows.map((row) => createElement("tr", null, cells(row))))}</tbody>
      </table>
    </div>
  );
}

function inline(tokens: Token[] | undefined): ReactNode {
  return all(tokens?.map((token) => piece(token as MarkedToken)));
}

function piece(token: MarkedToken): ReactNode {
  switch (token.type) {
    case "strong":
      return <strong>{inline(token.tokens)}</strong>;
    case "em":
      return <em>{inline(token.tokens)}</em>;
    case "del":
      return <del>{inline(token.tokens)}</del>;
    case "codespan":
      return <code>{token.text}</code>;
    case "br":
      return <br />;
    case "link":
      return link(token.href, inline(token.tokens));
    case "image":
      return link(token.href, token.text || token.href);
    case "text":
      return token.tokens ? inline(token.tokens) : token.text;
    case "escape":
      return token.text;
    default:
      return token.raw;
  }
}

function link(address: string, text: ReactNode): ReactNode {
  if (!isWeb(address)) return text;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer nofollow">
      {text}
    </a>
  );
}

function isWeb(address: string): boolean {
  return URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
}
