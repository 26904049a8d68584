/**
 * Owns what calls a visitor back: a short sound and the page's title. Used when a message arrives.
 * Invariant: the title is the page's own again as soon as the page is looked at.
 */

let audio: AudioContext | null = null;

/** Browsers let a page sound only after a gesture; the answer ends the waiting for one. */
export function listenForGesture(): () => void {
  const allowed = () => {
    audio ??= typeof AudioContext === "undefined" ? null : new AudioContext();
    void audio?.resume();
    ended();
  };
  const ended = () => {
    removeEventListener("pointerdown", allowed);
    removeEventListener("keydown", allowed, true);
  };
  addEventListener("pointerdown", allowed);
  addEventListener("keydown", allowed, true);
  // The first message, or the press that opened the window, was one.
  if (navigator.userActivation?.hasBeenActive) allowed();
  return ended;
}

/** Two soft notes. Of the tabs that may sound the first to take the lock plays. */
export function playSound(messageKey: string): void {
  if (audio?.state !== "running") return;
  if (!navigator.locks) {
    play();
    return;
  }
  void navigator.locks.request(`smilechat sound ${messageKey}`, { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    play();
    await new Promise((later) => setTimeout(later, 5_000));
  });
}

function play(): void {
  if (audio?.state !== "running") return;
  for (const [delay, pitch] of [
    [0, 587.3],
    [0.11, 880],
  ] as const) {
    const at = audio.currentTime + delay;
    const loudness = new GainNode(audio, { gain: 0 });
    loudness.gain.setTargetAtTime(0.09, at, 0.008);
    loudness.gain.setTargetAtTime(0, at + 0.06, 0.09);
    const note = new OscillatorNode(audio, { frequency: pitch });
    note.connect(loudness).connect(audio.destination);
    note.start(at);
    note.stop(at + 0.7);
  }
}

let flashing: ReturnType<typeof setInterval> | undefined;
let ownTitle = "";
let shownTitle = "";

/** Takes turns with the page's title until the page is looked at. */
export function flashTitle(text: string): void {
  if (document.visibilityState === "visible" && document.hasFocus()) return;
  clearInterval(flashing);
  if (document.title !== shownTitle) ownTitle = document.title;
  const turn = () => {
    // A page that has changed its title meanwhile keeps the new one.
    if (document.title !== shownTitle && document.title !== ownTitle) ownTitle = document.title;
    shownTitle = text;
    document.title = document.title === text ? ownTitle : text;
  };
  turn();
  flashing = setInterval(turn, 1_200);
  for (const [target, type] of [
    [window, "focus"],
    [document, "visibilitychange"],
  ] as const) {
    target.addEventListener(type, restoreWhenVisible);
  }
}

export function restoreTitle(): void {
  if (!flashing) return;
  clearInterval(flashing);
  flashing = undefined;
  if (document.title === shownTitle) document.title = ownTitle;
  shownTitle = "";
  window.removeEventListener("focus", restoreWhenVisible);
  document.removeEventListener("visibilitychange", restoreWhenVisible);
}

function restoreWhenVisible(): void {
  if (document.visibilityState === "visible") restoreTitle();
}
