// How one text differs from another, line by line. Pure.

export interface DiffLine {
  kind: "same" | "added" | "removed";
  text: string;
}

/** Beyond this many pairs of lines, what differs is shown as a whole. */
const MOST_PAIRS = 4_000_000;

export function diffLines(before: string, after: string): DiffLine[] {
  const [old, fresh] = [before.split("\n"), after.split("\n")];
  let begin = 0;
  while (begin < old.length && begin < fresh.length && old[begin] === fresh[begin]) begin++;
  let end = 0;
  const most = Math.min(old.length, fresh.length) - begin;
  while (end < most && old[old.length - 1 - end] === fresh[fresh.length - 1 - end]) end++;
  return [
    ...old.slice(0, begin).map(same),
    ...middle(old.slice(begin, old.length - end), fresh.slice(begin, fresh.length - end)),
    ...old.slice(old.length - end).map(same),
  ];
}

/** By the longest common run of lines, in their order. */
function middle(old: string[], fresh: string[]): DiffLine[] {
  if (old.length * fresh.length > MOST_PAIRS) return [...old.map(removed), ...fresh.map(added)];
  const width = fresh.length + 1;
  // How many lines the rests from here on have in common.
  const common = new Uint32Array((old.length + 1) * width);
  const at = (row: number, column: number) => common[row * width + column] ?? 0;
  for (let row = old.length - 1; row >= 0; row--) {
    for (let column = fresh.length - 1; column >= 0; column--) {
      common[row * width + column] =
        old[row] === fresh[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [row, column] = [0, 0];
  while (row < old.length || column < fresh.length) {
    const [one, other] = [old[row], fresh[column]];
    if (one !== undefined && one === other) {
      lines.push(same(one));
      row++;
      column++;
    } else if (one !== undefined && (other === undefined || at(row + 1, column) >= at(row, column + 1))) {
      lines.push(removed(one));
      row++;
    } else {
      lines.push(added(other ?? ""));
      column++;
    }
  }
  return lines;
}

function same(text: string): DiffLine {
  return { kind: "same", text };
}

function added(text: string): DiffLine {
  return { kind: "added", text };
}

function removed(text: string): DiffLine {
  return { kind: "removed", text };
}
