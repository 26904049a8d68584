/** Owns the drawings: strokes of one weight on a grid of 24. They say nothing to a screen reader; their buttons do. */
import type { ComponentChildren } from "preact";

function Drawing({ children, size = 20 }: { children: ComponentChildren; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const drawn = (path: string, size?: number) => () => (
  <Drawing {...(size && { size })}>
    <path d={path} />
  </Drawing>
);

export const Close = drawn("M6 6l12 12M18 6L6 18");
export const Down = drawn("M6 9.5l6 6 6-6");
export const Send = drawn("M12 19V5.5M6 11l6-6 6 6");
export const Clip = drawn(
  "M20 11.5l-8.2 8.2a5.3 5.3 0 01-7.5-7.5l8.6-8.6a3.5 3.5 0 015 5l-8.5 8.5a1.8 1.8 0 01-2.5-2.5l7.6-7.6",
);
export const Sheet = drawn("M13.5 3H7a2 2 0 00-2 2v14a2 2 0 002 2h10a2 2 0 002-2V8.5zM13.5 3v5.5H19");
export const Fetch = drawn("M12 4v11M7 10.5l5 5 5-5M5 20h14", 18);
export const SoundOn = drawn("M11 5.5L6.5 9H3.5v6h3L11 18.5zM15 9.2a4 4 0 010 5.6M17.7 6.5a7.8 7.8 0 010 11");
export const SoundOff = drawn("M11 5.5L6.5 9H3.5v6h3L11 18.5zM15.5 9.5l5 5M20.5 9.5l-5 5");
export const Cloud = drawn(
  "M3 3l18 18M8.5 8.2A5.5 5.5 0 006.5 19H17M19.5 17.3A4 4 0 0017.5 10h-.6a5.5 5.5 0 00-4.6-3.9",
  18,
);
export const Wait = drawn("M12 7.5V12l2.8 1.8M12 3.5a8.5 8.5 0 100 17 8.5 8.5 0 000-17", 14);
export const Tick = drawn("M5 12.5l4.5 4.5L19 7.5", 15);
export const Ticks = drawn("M2 12.5l4.5 4.5L15.5 7.5M11.5 16.5l.5.5L21.5 7.5", 16);
export const Alert = drawn("M12 8v4.5M12 16v.1M12 3.5a8.5 8.5 0 100 17 8.5 8.5 0 000-17", 15);

export const Smile = () => (
  <Drawing>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M8.3 13.8a4.2 4.2 0 007.4 0M9.2 9.3v.7M14.8 9.3v.7" />
  </Drawing>
);

/** The sign of the house: a speech bubble that smiles. */
export const Mark = ({ size = 30 }: { size?: number }) => (
  <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true">
    <path
      d="M16 4C8.8 4 3.5 8.7 3.5 15c0 3.5 1.7 6.6 4.4 8.6v3.9c0 .8.9 1.3 1.6.8l3.5-2.5c1 .2 2 .3 3 .3 7.2 0 12.5-4.8 12.5-11.1S23.2 4 16 4z"
      fill="currentColor"
    />
    <path
      class="mark-smile"
      d="M10.5 15.6c1.1 2.6 3.1 4 5.5 4s4.4-1.4 5.5-4"
      stroke-width="2.3"
      stroke-linecap="round"
    />
  </svg>
);
