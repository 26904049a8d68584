/**
 * Owns how styles come into the shadow root: as constructed sheets, which a page's policy does not forbid, and where a
 * browser has none, as style elements with the page's nonce. Invariant: no style attribute, nothing outside the root.
 */
import { palette } from "@smilechat/readable/colors";
import base from "./styles/base.css?inline";
import composer from "./styles/composer.css?inline";
import launcher from "./styles/launcher.css?inline";
import messages from "./styles/messages.css?inline";
import panel from "./styles/panel.css?inline";

type Sheet = (css: string) => void;

/** Of the one root there is: a sheet to fill, and what it has already been given. */
let newSheet: () => Sheet = () => () => {};
let added = new Set<string>();

/** Answers how to change the brand color. */
export function styleRoot(root: ShadowRoot, nonce: string | undefined): (primaryColor: string | undefined) => void {
  newSheet = () => constructedSheet(root) ?? styleElement(root, nonce);
  added = new Set();
  const setBrand = newSheet();
  addStyles(base + launcher + panel + messages + composer);
  return (primaryColor) => setBrand(brandRules(primaryColor));
}

/** Adds the styles of a part, once. */
export function addStyles(css: string): void {
  if (added.has(css)) return;
  added.add(css);
  newSheet()(css);
}

function constructedSheet(root: ShadowRoot): Sheet | null {
  try {
    const sheet = new CSSStyleSheet();
    root.adoptedStyleSheets.push(sheet);
    return (css) => sheet.replaceSync(css);
  } catch {
    return null;
  }
}

function styleElement(root: ShadowRoot, nonce: string | undefined): Sheet {
  const element = document.createElement("style");
  if (nonce) element.nonce = nonce;
  root.append(element);
  return (css) => {
    element.textContent = css;
  };
}

function brandRules(primaryColor: string | undefined): string {
  return (["light", "dark"] as const)
    .map((theme) => {
      const { primary, onPrimary, deep, accent } = palette(primaryColor, theme);
      return `.${theme}{--primary:${primary};--on-primary:${onPrimary};--deep:${deep};--accent:${accent}}`;
    })
    .join("");
}
