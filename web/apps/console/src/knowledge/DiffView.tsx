// Two texts, and how they differ: what is gone, what is new, and a little of what stands around it.
import { Fragment, useMemo } from "react";
import styles from "./DiffView.module.css";
import { type DiffLine, diffLines } from "./diff";

const AROUND = 3;
const SIGNS = { same: " ", added: "+", removed: "−" };
const WORDS = { same: "", added: "added: ", removed: "removed: " };

export function DiffView({ before, after }: { before: string; after: string }) {
  const lines = useMemo(() => diffLines(before, after), [before, after]);
  if (lines.every(({ kind }) => kind === "same")) return <p className={styles.none}>The two texts are the same.</p>;
  const isShown = nearChanges(lines);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
    <section className={styles.diff} aria-label="How the texts differ" tabIndex={0}>
      {lines.map((line, place) => {
        const key = `${place} ${line.kind}`;
        if (isShown[place]) return <Line key={key} line={line} />;
        // Of each stretch that is left out, a mark.
        return isShown[place - 1] !== false ? (
          <div key={key} className={styles.gap} aria-hidden="true">
            ⋯
          </div>
        ) : (
          <Fragment key={key} />
        );
      })}
    </section>
  );
}

function Line({ line }: { line: DiffLine }) {
  return (
    <div className={styles.line} data-kind={line.kind}>
      <span aria-hidden="true">{SIGNS[line.kind]}</span>
      <span dir="auto">
        {WORDS[line.kind] && <span className="visually-hidden">{WORDS[line.kind]}</span>}
        {line.text}
      </span>
    </div>
  );
}

function nearChanges(lines: DiffLine[]): boolean[] {
  const shown = lines.map(() => false);
  for (const [place, { kind }] of lines.entries()) {
    if (kind === "same") continue;
    for (let near = place - AROUND; near <= place + AROUND; near++) if (near in shown) shown[near] = true;
  }
  return shown;
}
