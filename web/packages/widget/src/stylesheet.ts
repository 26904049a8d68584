/**
 * Owns how styles come into the shadow root: as constructed sheets, which a page's policy does not forbid, and where a
 * browser has none, as a style element with the page's nonce. Invariant: no style attribute, nothing outside the root.
 */
import { palette } from "./colour";
import base from "./styles/base.css?inline";
import composer from "./styles/composer.css?inline";
import messages from "./styles/messages.css?inline";
import panel from "./styles/panel.css?inline";

/** Answers how to change the brand colour. */
export function addStyles(root: ShadowRoot, nonce: string | undefined): (primaryColor: string | undefined) => void {
  const shape = base + panel + messages + composer;
  try {
    const [fixed, brand] = [new CSSStyleSheet(), new CSSStyleSheet()];
    fixed.replaceSync(shape);
    root.adoptedStyleSheets = [brand, fixed];
    return (primaryColor) => brand.replaceSync(brandRules(primaryColor));
  } catch {
    const element = document.createElement("style");
    if (nonce) element.nonce = nonce;
    root.append(element);
    return (primaryColor) => {
      element.textContent = brandRules(primaryColor) + shape;
    };
  }
}

function brandRules(primaryColor: string | undefined): string {
  const { primary, onPrimary, deep, accentLight, accentDark } = palette(primaryColor);
  const values = { primary, "on-primary": onPrimary, deep, "accent-light": accentLight, "accent-dark": accentDark };
  // Important, because a rule of the page for the element itself would win otherwise.
  return `:host{${Object.entries(values)
    .map(([name, colour]) => `--${name}:${colour}!important`)
    .join(";")}}`;
}
