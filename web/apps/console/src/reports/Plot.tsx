// Bars or lines over time, drawn by hand: one small SVG. A pointer or the arrow keys choose a part, whose figures are shown
// and read out; a table of the same is one button away (`ChartPanel`).
import { useElementSize } from "@mantine/hooks";
import { type KeyboardEvent, type PointerEvent, useState } from "react";
import styles from "./Plot.module.css";
import { everyNth, ticks } from "./scale";

export interface Line {
  name: string;
  /** Which colour: places in the sheet. */
  tone: 1 | 2;
  /** Null: nothing to show there. */
  values: (number | null)[];
}

export interface PlotProps {
  title: string;
  kind: "bars" | "lines";
  unit: "count" | "seconds";
  lines: Line[];
  /** The parts, long and short. */
  names: string[];
  marks: string[];
  say: (value: number | null) => string;
}

const HEIGHT = 220;
const TOP = 10;
const FOOT = 24;
const MARK_WIDTH = 58;

export function Plot({ title, kind, unit, lines, names, marks, say }: PlotProps) {
  const { ref, width } = useElementSize();
  const [chosen, setChosen] = useState<number | null>(null);
  const most = Math.max(1, ...lines.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const steps = ticks(most, unit);
  const top = steps.at(-1) ?? 1;
  const side = 12 + 7 * Math.max(...steps.map((step) => say(step).length));
  const room = Math.max(0, width - side - 6);
  const slot = names.length > 0 ? room / names.length : room;
  const x = (place: number) => side + slot * (place + 0.5);
  const y = (value: number) => TOP + (HEIGHT - TOP - FOOT) * (1 - value / top);
  const nth = everyNth(marks.length, room, MARK_WIDTH);

  const onPointerMove = (event: PointerEvent<SVGSVGElement>) => {
    const place = Math.floor((event.clientX - event.currentTarget.getBoundingClientRect().left - side) / slot);
    setChosen(place >= 0 && place < names.length ? place : null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const last = names.length - 1;
    const from = chosen ?? (event.key === "ArrowLeft" ? last + 1 : -1);
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last }[event.key];
    if (event.key === "Escape") setChosen(null);
    if (to === undefined || last < 0) return;
    event.preventDefault();
    setChosen(Math.min(last, Math.max(0, to)));
  };
  const told = chosen === null ? null : lines.map(({ name, values }) => `${name} ${say(values[chosen] ?? null)}`);

  return (
    <div
      ref={ref}
      className={styles.plot}
      role="application"
      aria-roledescription="chart"
      aria-label={`${title}. Arrow keys go through it.`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys read the chart out
      tabIndex={0}
      onKeyDown={onKeyDown}
      onBlur={() => setChosen(null)}
    >
      {width > 0 && (
        <svg
          width={width}
          height={HEIGHT}
          aria-hidden="true"
          onPointerMove={onPointerMove}
          onPointerLeave={() => setChosen(null)}
        >
          {steps.map((step) => (
            <g key={step}>
              <line className={styles.grid} x1={side} x2={width - 6} y1={y(step)} y2={y(step)} />
              <text className={styles.mark} x={side - 8} y={y(step) + 4} textAnchor="end">
                {say(step)}
              </text>
            </g>
          ))}
          {chosen !== null && (
            <rect
              className={styles.chosen}
              x={side + slot * chosen}
              y={TOP}
              width={slot}
              height={HEIGHT - TOP - FOOT}
            />
          )}
          {kind === "bars"
            ? lines.map((line, place) => <Bars key={line.name} {...{ line, place, slot, x, y }} many={lines.length} />)
            : lines.map((line) => <Curve key={line.name} {...{ line, x, y, chosen }} />)}
          {marks.map(
            (mark, place) =>
              place % nth === 0 && (
                <text key={names[place]} className={styles.mark} x={x(place)} y={HEIGHT - 6} textAnchor="middle">
                  {mark}
                </text>
              ),
          )}
        </svg>
      )}
      {chosen !== null && told && (
        <svg className={styles.tip} width={width} height={HEIGHT} aria-hidden="true">
          <Tip
            at={x(chosen)}
            width={width}
            head={names[chosen] ?? ""}
            rows={lines.map((line) => ({ line, text: say(line.values[chosen] ?? null) }))}
          />
        </svg>
      )}
      <span className="visually-hidden" role="status">
        {told && chosen !== null && `${names[chosen]}: ${told.join(", ")}`}
      </span>
    </div>
  );
}

interface BarsProps {
  line: Line;
  place: number;
  many: number;
  slot: number;
  x: (place: number) => number;
  y: (value: number) => number;
}

function Bars({ line, place, many, slot, x, y }: BarsProps) {
  const width = Math.max(1, Math.min(14, (slot * 0.72) / many));
  return line.values.map((value, part) => {
    if (!value) return null;
    const left = x(part) + (place - many / 2) * width;
    const height = y(0) - y(value);
    const round = Math.min(3, width / 2, height);
    const path = `M${left} ${y(0)}v${round - height}q0 ${-round} ${round} ${-round}h${width - 1 - 2 * round}q${round} 0 ${round} ${round}v${height - round}z`;
    // biome-ignore lint/suspicious/noArrayIndexKey: a part is its place
    return <path key={part} className={styles.bar} data-tone={line.tone} d={path} />;
  });
}

interface CurveProps {
  line: Line;
  x: (place: number) => number;
  y: (value: number) => number;
  chosen: number | null;
}

/** A line that is broken where there is nothing; a single part between two breaks is a dot. */
function Curve({ line, x, y, chosen }: CurveProps) {
  let path = "";
  let isDown = false;
  line.values.forEach((value, place) => {
    if (value !== null) path += `${isDown ? "L" : "M"}${x(place)} ${y(value)}`;
    isDown = value !== null;
  });
  const isAlone = (place: number) =>
    (line.values[place - 1] ?? null) === null && (line.values[place + 1] ?? null) === null;
  return (
    <>
      <path className={styles.curve} data-tone={line.tone} d={path} />
      {line.values.map(
        (value, place) =>
          value !== null &&
          (place === chosen || isAlone(place)) && (
            // biome-ignore lint/suspicious/noArrayIndexKey: a part is its place
            <circle key={place} className={styles.dot} data-tone={line.tone} cx={x(place)} cy={y(value)} r={3.5} />
          ),
      )}
    </>
  );
}

const TIP_WIDTH = 168;

function Tip({
  at,
  width,
  head,
  rows,
}: {
  at: number;
  width: number;
  head: string;
  rows: { line: Line; text: string }[];
}) {
  const left = at + 12 + TIP_WIDTH > width ? Math.max(0, at - 12 - TIP_WIDTH) : at + 12;
  return (
    <g transform={`translate(${left} ${TOP})`}>
      <rect className={styles.tipBox} width={TIP_WIDTH} height={26 + rows.length * 19} rx={8} />
      <text className={styles.tipHead} x={12} y={19}>
        {head}
      </text>
      {rows.map(({ line, text }, place) => (
        <g key={line.name} transform={`translate(12 ${38 + place * 19})`}>
          <rect className={styles.bar} data-tone={line.tone} y={-8} width={8} height={8} rx={2} />
          <text className={styles.tipText} x={15}>
            {line.name}
          </text>
          <text className={styles.tipHead} x={TIP_WIDTH - 24} textAnchor="end">
            {text}
          </text>
        </g>
      ))}
    </g>
  );
}
