// Round numbers for an axis. Pure.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Steps that people count time in, in seconds. */
const TIME_STEPS = [
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 4, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((days) => days * DAY),
];

/** From 0 up to the first that is not below `most`, `wanted` steps or fewer. */
export function ticks(most: number, unit: "count" | "seconds", wanted = 4): number[] {
  const step = unit === "seconds" ? timeStep(most / wanted) : countStep(most / wanted);
  const steps = Math.max(1, Math.ceil(most / step));
  return Array.from({ length: steps + 1 }, (_, place) => place * step);
}

function countStep(least: number): number {
  if (least <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10) * power;
}

function timeStep(least: number): number {
  return TIME_STEPS.find((step) => step >= least) ?? Math.ceil(least / (500 * DAY)) * 500 * DAY;
}

/** Which of so many labels fit, each `width` wide, the first among them. */
export function everyNth(labels: number, room: number, width: number): number {
  return Math.max(1, Math.ceil((labels * width) / Math.max(room, 1)));
}
