/**
 * Owns what is worked out from the one brand colour: text on it, and its shade as text on light and dark ground.
 * Used by the stylesheet. Invariant: every pair returned has a WCAG contrast of at least 4.5.
 */

export interface Palette {
  primary: string;
  /** Text and icons on `primary` and on `deep`. */
  onPrimary: string;
  /** The far end of the header's gradient: always further away from `onPrimary` than `primary` is. */
  deep: string;
  /** `primary` as text on the light and on the dark theme. */
  accentLight: string;
  accentDark: string;
}

export const LIGHT_GROUND = "#ffffff";
export const DARK_GROUND = "#16181d";
const DEFAULT_PRIMARY = "#0b7a66";
const READABLE = 4.5;

type Rgb = readonly [number, number, number];

export function palette(primaryColor: string | undefined): Palette {
  const primary = parse(primaryColor ?? "") ?? (parse(DEFAULT_PRIMARY) as Rgb);
  const onPrimary: Rgb = contrast([255, 255, 255], primary) >= READABLE ? [255, 255, 255] : [0, 0, 0];
  const away: Rgb = onPrimary[0] ? [0, 0, 0] : [255, 255, 255];
  return {
    primary: hex(primary),
    onPrimary: hex(onPrimary),
    deep: hex(mix(primary, away, 0.22)),
    accentLight: hex(readableOn(LIGHT_GROUND, primary)),
    accentDark: hex(readableOn(DARK_GROUND, primary)),
  };
}

/** The WCAG 2 contrast of two `#rrggbb` colours, 1 to 21. */
export function contrastOf(one: string, other: string): number {
  return contrast(parse(one) as Rgb, parse(other) as Rgb);
}

function readableOn(ground: string, colour: Rgb): Rgb {
  const behind = parse(ground) as Rgb;
  const towards: Rgb = luminance(behind) > 0.5 ? [0, 0, 0] : [255, 255, 255];
  for (let share = 0; share < 1; share += 0.05) {
    const candidate = mix(colour, towards, share);
    // The ground of a bubble is a little off the theme's: ask for more than the bare minimum.
    if (contrast(candidate, behind) >= READABLE + 0.7) return candidate;
  }
  return towards;
}

function contrast(one: Rgb, other: Rgb): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return from.map((channel, index) => Math.round(channel + ((to[index] ?? 0) - channel) * share)) as unknown as Rgb;
}

/** `#rgb` and `#rrggbb`; anything else is not a colour to us, so that nothing but digits reaches the stylesheet. */
function parse(text: string): Rgb | null {
  const short = /^#([\da-f])([\da-f])([\da-f])$/i.exec(text);
  const long = short ? short.slice(1).map((digit) => digit + digit) : /^#(..)(..)(..)$/.exec(text)?.slice(1);
  const channels = long?.map((digits) => (/^[\da-f]{2}$/i.test(digits) ? Number.parseInt(digits, 16) : Number.NaN));
  return channels && !channels.some(Number.isNaN) ? (channels as unknown as Rgb) : null;
}

function hex(colour: Rgb): string {
  return `#${colour.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}
