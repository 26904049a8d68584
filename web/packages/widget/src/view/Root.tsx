/** Owns what is on the page: the launcher, what shows beside it, and the panel once it was opened. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Observable } from "../observable";
import type { Actions, WidgetState } from "../state";
import { Launcher } from "./Launcher";
import { FULL_SCREEN, useMedia, useObservable } from "./observe";
import { Panel } from "./Panel";

export function Root({ state, actions }: { state: Observable<WidgetState>; actions: Actions }) {
  const now = useObservable(state);
  const isFullScreen = useMedia(FULL_SCREEN);
  const prefersDark = useMedia("(prefers-color-scheme: dark)");
  const launcher = useRef<HTMLButtonElement>(null);
  const [wasOpened, setWasOpened] = useState(false);
  const { settings, language, isOpen } = now;
  const isDark = settings.mode === "dark" || (settings.mode === "auto" && prefersDark);

  // Before the browser takes the focus from what is hidden now.
  useLayoutEffect(() => {
    if (isOpen) setWasOpened(true);
    else if ((launcher.current?.getRootNode() as ShadowRoot | undefined)?.activeElement) launcher.current?.focus();
  }, [isOpen]);

  return (
    <section
      class={`root ${settings.position} ${isDark ? "dark" : "light"} ${isFullScreen ? "full" : ""}`}
      lang={language.code}
      dir={language.direction}
      aria-label={settings.name || language.texts.chat}
    >
      {(wasOpened || isOpen) && <Panel now={now} actions={actions} isFullScreen={isFullScreen} />}
      {!(isOpen && isFullScreen) && <Launcher now={now} actions={actions} button={launcher} />}
    </section>
  );
}
