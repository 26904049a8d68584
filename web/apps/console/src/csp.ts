// The page runs without unsafe-inline: style tags made by script carry the nonce that came with the page.

/** The nonce of this page; empty in development, where no policy applies. */
export const styleNonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";

// The library that locks scrolling behind dialogs reads its nonce from this global name.
Object.assign(globalThis, { __webpack_nonce__: styleNonce });
