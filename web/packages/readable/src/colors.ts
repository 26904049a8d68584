/**
 * Owns what is worked out from the one brand color, for the light and the dark theme. Used by the widget's stylesheet
 * and by its preview in the console.
 * Invariant: text on `primary` and `deep`, and `accent` on the ground, have a WCAG contrast of at least 4.5.
 */

export interface Palette {
  /** The brand color; moved a little where it would vanish into the ground. */
  primary: string;
  /** Text and icons on `primary` and on `deep`. */
  onPrimary: string;
  /** The far end of the header's gradient: always further away from `onPrimary` than `primary` is. */
  deep: string;
  /** The brand color as text on the theme's ground. */
  accent: string;
}

export const GROUNDS = { light: "#ffffff", dark: "#16181d" };
const DEFAULT_PRIMARY = "#0b7a66";
const READABLE = 4.5;
/** What a bubble needs to be told from the ground. */
const VISIBLE = 1.35;

type Rgb = readonly [number, number, number];
const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];

export function palette(primaryColor: string | undefined, theme: keyof typeof GROUNDS): Palette {
  const brand = parse(primaryColor ?? "") ?? (parse(DEFAULT_PRIMARY) as Rgb);
  const ground = parse(GROUNDS[theme]) as Rgb;
  const primary = awayFrom(ground, brand, VISIBLE);
  const onPrimary = contrast(WHITE, primary) >= READABLE ? WHITE : BLACK;
  return {
    primary: hex(primary),
    onPrimary: hex(onPrimary),
    deep: hex(mix(primary, onPrimary === WHITE ? BLACK : WHITE, 0.22)),
    // Some text stands on a ground a little off the theme's: ask for more than the bare minimum.
    accent: hex(awayFrom(ground, brand, READABLE + 0.7)),
  };
}

/** As the server takes it. */
export function isColor(text: string): boolean {
  return /^#[\da-f]{6}$/i.test(text);
}

/** The WCAG 2 contrast of two `#rrggbb` colors, 1 to 21. */
export function contrastOf(one: string, other: string): number {
  return contrast(parse(one) as Rgb, parse(other) as Rgb);
}

/** The color, moved as little as it takes towards black or white, whichever is away from the ground. */
function awayFrom(ground: Rgb, color: Rgb, wanted: number): Rgb {
  const end = luminance(ground) > 0.5 ? BLACK : WHITE;
  for (let share = 0; share < 1; share += 0.05) {
    const candidate = mix(color, end, share);
    if (contrast(candidate, ground) >= wanted) return candidate;
  }
  return end;
}

function contrast(one: Rgb, other: Rgb): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return from.map((channel, index) => Math.round(channel + ((to[index] ?? 0) - channel) * share)) as unknown as Rgb;
}

/** `#rgb` and `#rrggbb`; anything else is not a color to us, so that nothing but digits reaches the stylesheet. */
function parse(text: string): Rgb | null {
  const digits = /^#([\da-f]{3}|[\da-f]{6})$/i.exec(text)?.[1];
  if (!digits) return null;
  const size = digits.length / 3;
  return [0, 1, 2].map((at) =>
    Number.parseInt(digits.slice(at * size, (at + 1) * size).repeat(3 - size), 16),
  ) as unknown as Rgb;
}

function hex(color: Rgb): string {
  return `#${color.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}
