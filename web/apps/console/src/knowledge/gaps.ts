// What customers asked and no article covers. Pure.
import type { Run } from "../backend/types";

export interface Gap {
  question: string;
  /** How often it was asked in these words, the newest time first. */
  runs: Run[];
}

/** The same question, however it is spelled, once; the most asked first, then the newest. */
export function gapsOf(runs: readonly Run[]): Gap[] {
  const gaps = new Map<string, Gap>();
  for (const run of runs) {
    const question = run.question?.trim();
    if (run.reason !== "low_confidence" || !question) continue;
    const key = question
      .toLocaleLowerCase()
      .replace(/[\p{P}\s]+/gu, " ")
      .trim();
    const gap = gaps.get(key) ?? { question, runs: [] };
    gap.runs.push(run);
    gaps.set(key, gap);
  }
  // Sorting keeps the order of those that are alike, and the server tells the newest first.
  return [...gaps.values()].sort((one, other) => other.runs.length - one.runs.length);
}
