/**
 * Owns the widget's place in the page: one element with a shadow root, beside the body, so that neither its styles nor
 * its replacement by a script matter. Used by the widget's life.
 */
import { render } from "preact";
import type { Value } from "./observable";
import type { Actions, WidgetState } from "./state";
import { styleRoot } from "./stylesheet";
import { FULL_SCREEN } from "./view/observe";
import { Root } from "./view/Root";

export interface Mounted {
  isFullScreen(): boolean;
  remove(): void;
}

export function mount(state: Value<WidgetState>, actions: Actions, nonce: string | undefined): Mounted {
  const host = document.createElement("smilechat-widget");
  const root = host.attachShadow({ mode: "open" });
  const setColor = styleRoot(root, nonce);
  const place = document.createElement("div");
  root.append(place);
  document.documentElement.append(host);
  // In the top layer no ancestor's transform, filter or clipping reaches it.
  host.popover = "manual";
  host.showPopover?.();

  const applyColor = () => setColor(state.get().settings.primaryColor);
  let color: string | undefined;
  const follow = state.subscribe(({ settings }) => {
    if (settings.primaryColor !== color) applyColor();
    color = settings.primaryColor;
  });
  applyColor();
  // What is typed here is not meant for the page's shortcuts.
  for (const type of ["keydown", "keyup", "keypress"]) root.addEventListener(type, (event) => event.stopPropagation());
  render(<Root state={state} actions={actions} />, place);

  return {
    isFullScreen: () => matchMedia(FULL_SCREEN).matches,
    remove() {
      follow();
      render(null, place);
      host.remove();
    },
  };
}
