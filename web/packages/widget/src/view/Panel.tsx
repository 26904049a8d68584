/**
 * Owns the open window: its parts from top to bottom, the keyboard (Esc, the trap when it fills the screen), where the
 * focus goes, and files that are dropped on it.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Actions, WidgetState } from "../state";
import { Composer } from "./Composer";
import { useDrop } from "./drop";
import { useFiles } from "./files";
import { Header } from "./Header";
import { Alert, Clip } from "./icons";
import { Messages } from "./Messages";
import { Notice } from "./Notice";
import { Prechat } from "./Prechat";
import { useWholeScreen } from "./phone";

interface Props {
  now: WidgetState;
  actions: Actions;
  isFullScreen: boolean;
}

export function Panel({ now, actions, isFullScreen }: Props) {
  const { settings, language, isOpen, stage, visitor, isIdentified, firstMessage, guide, isReading, refusal } = now;
  const panel = useRef<HTMLDivElement>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const files = useFiles(now, actions, setFailure);
  const { isOver, ...drop } = useDrop(files.add);
  const asksFirst =
    !refusal && settings.prechat !== "none" && stage === "none" && !visitor && !isIdentified && firstMessage === null;

  useWholeScreen(panel, isOpen && isFullScreen);

  useEffect(() => {
    if (!isOpen) return;
    // On a phone the keyboard would cover half of what the visitor came to see.
    const target = isFullScreen ? null : panel.current?.querySelector<HTMLElement>("textarea, input");
    (target ?? panel.current)?.focus({ preventScroll: true });
  }, [isOpen, asksFirst, isReading, refusal]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && !event.defaultPrevented) actions.close();
    if (event.key === "Tab" && isFullScreen && panel.current) keepFocusInside(panel.current, event);
  };

  return (
    <div
      ref={panel}
      class="panel"
      role="dialog"
      aria-label={settings.name || language.texts.chat}
      aria-modal={isFullScreen}
      tabIndex={-1}
      hidden={!isOpen}
      onKeyDown={onKeyDown}
      {...(!asksFirst && !refusal && drop)}
    >
      <Header
        now={now}
        actions={actions}
        isLarge={asksFirst || (stage === "none" && firstMessage === null && !isReading && !refusal)}
      />
      <Notice now={now} failure={refusal ? null : failure} onDismiss={() => setFailure(null)} />
      {refusal ? (
        <div class="empty" role="alert">
          <Alert />
          <p>{refusal.words(language.code)}</p>
        </div>
      ) : asksFirst ? (
        <Prechat now={now} onAnswer={actions.introduce} />
      ) : isReading && guide ? (
        guide.help(now)
      ) : (
        <>
          <Messages now={now} actions={actions} onFailure={setFailure} />
          <Composer now={now} actions={actions} files={files} onFailure={setFailure} />
        </>
      )}
      {isOver && (
        <div class="drop">
          <Clip />
          {language.texts.drop}
        </div>
      )}
    </div>
  );
}

function keepFocusInside(panel: HTMLElement, event: KeyboardEvent): void {
  const stops = [...panel.querySelectorAll<HTMLElement>("button, input, textarea, a[href], [tabindex='0']")].filter(
    (element) => !element.hasAttribute("disabled") && element.offsetParent !== null,
  );
  const focused = (panel.getRootNode() as ShadowRoot).activeElement;
  const [from, to] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
  if (focused !== from && focused !== panel) return;
  if (focused === panel && !event.shiftKey) return;
  event.preventDefault();
  to?.focus();
}
