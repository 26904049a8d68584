// Figures in words. Pure.

/** "45s", "2m 05s", "1h 12m", "3d 4h". */
export function duration(seconds: number | null): string {
  if (seconds === null) return "–";
  const whole = Math.round(seconds);
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return hours > 0 ? `${days}d ${hours}h` : `${days}d`;
  if (hours > 0) return minutes > 0 ? `${hours}h ${minutes}m` : `${hours}h`;
  if (minutes >= 10 || (minutes > 0 && whole % 60 === 0)) return `${minutes}m`;
  return minutes > 0 ? `${minutes}m ${String(whole % 60).padStart(2, "0")}s` : `${whole}s`;
}

export function count(number: number): string {
  return new Intl.NumberFormat("en-GB").format(number);
}

export function percent(rate: number | null): string {
  return rate === null ? "–" : `${Math.round(rate * 100)}%`;
}

export function average(score: number | null): string {
  return score === null ? "–" : score.toFixed(1);
}

export interface Change {
  text: string;
  /** Whether that is good news: `null` where it is neither. */
  isGood: boolean | null;
}

/** Against the period before; null where there is nothing to compare with. */
export function change(now: number | null, before: number | null, better: "more" | "less" | "neither"): Change | null {
  if (now === null || before === null || before === 0) return null;
  const percents = Math.round((now / before - 1) * 100);
  if (percents === 0) return { text: "no change", isGood: null };
  const text = `${percents > 0 ? "+" : "−"}${count(Math.abs(percents))}%`;
  return { text, isGood: better === "neither" ? null : percents > 0 === (better === "more") };
}
