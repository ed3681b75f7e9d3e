// Lines and dots over one pair of axes, as SVG: it takes its colours from the theme, a test and a
// screen reader can read it, and with dots as one path thousands of points are drawn at once.
import { useMemo, useRef, useState } from "../vendor/hooks.js";
import { axis, under } from "./axis.js";
import { html } from "./html.js";
import { useSize } from "./size.js";
import { number } from "./words.js";

const [LEFT, RIGHT, TOP, BOTTOM] = [58, 12, 10, 34];
const HEIGHT = 200;
const SPOKEN = 6; // series that a screen reader is told of

/**
 * Draws series over one pair of axes.
 *
 * @param series [{name, style, lines: [[[x, y], …], …], dots}], `style` being a number from 1
 * @param title what a screen reader says
 * @param kinds {x, y}: how each axis counts, see axis.js; an array stands for the names on it
 * @param wide whether it takes all the room there is
 */
export function Chart({ title, label, series, kinds = {}, wide = false, children }) {
  const box = useRef(null);
  const { width } = useSize(box, { width: 360 });
  const [mark, setMark] = useState(null);
  const plan = useMemo(() => arrange(series, kinds, width), [series, width]);
  if (!plan) return html`<figure class="chart" ref=${box}><p class="quiet">${title}: nothing to show yet.</p></figure>`;
  const { drawn, x, y } = plan;
  const point = (event) => {
    const left = event.clientX - event.currentTarget.getBoundingClientRect().left;
    setMark(nearest(drawn, x, left));
  };
  return html`
    <figure class=${`chart${wide ? " wide" : ""}`} ref=${box}>
      <figcaption>${title}</figcaption>
      <svg viewBox="0 0 ${width} ${HEIGHT}" height=${HEIGHT} role="img" aria-label=${spoken(title, drawn)}
        onPointerMove=${point} onPointerLeave=${() => setMark(null)}>
        ${y.ticks.map(({ value, text }) => html`
          <g key=${`y${value}`}><line class="grid" x1=${LEFT} x2=${width - RIGHT} y1=${y.at(value)} y2=${y.at(value)} />
          <text x=${LEFT - 6} y=${y.at(value) + 3.5} text-anchor="end">${text}</text></g>`)}
        ${x.ticks.map(({ value, text }) => html`
          <text key=${`x${value}`} ...${under(x.at(value), text, width)} y=${HEIGHT - BOTTOM + 15}>${text}</text>`)}
        <text x=${(LEFT + width - RIGHT) / 2} y=${HEIGHT - 4} text-anchor="middle">${mark ? `${label} ${shown(mark.at)}` : label}</text>
        ${mark && html`<line class="mark" x1=${x.at(mark.at)} x2=${x.at(mark.at)} y1=${TOP} y2=${HEIGHT - BOTTOM} />`}
        ${drawn.map((one) => html`<${Lines} key=${one.name} one=${one} x=${x} y=${y} />`)}
      </svg>
      <ul class="legend">${drawn.map((one, index) => html`
        <li key=${one.name} class=${`s${one.style}`}>${one.name}${mark && mark.values[index] !== null ? ` ${number(mark.values[index])}` : ""}</li>`)}</ul>
      ${children}
    </figure>`;
}

/** Drawn anew only when its points or the axes are others: the pointer alone moves nothing here. */
function Lines({ one, x, y }) {
  return useMemo(() => html`
    <g class=${`s${one.style}${one.lines.length > 1 ? " several" : ""}`}>${one.lines.map((line) =>
      (one.dots || line.length === 1 ? dots(line, x, y) : stroke(line, x, y)))}</g>`, [one, x, y]);
}

function arrange(series, kinds, width) {
  const drawn = series
    .map((one) => ({ ...one, lines: one.lines.map((line) => line.filter(isPoint)).filter((line) => line.length) }))
    .filter((one) => one.lines.length);
  if (!drawn.length) return null;
  const all = drawn.flatMap((one) => one.lines.flat());
  const scale = (kind, most, values, ...ends) =>
    (Array.isArray(kind) ? axis(kind, ...ends, "names") : axis(values, ...ends, kind, most));
  return {
    drawn,
    x: scale(kinds.x ?? "whole", width < 500 ? 5 : 8, all.map((point) => point[0]), LEFT, width - RIGHT),
    y: scale(kinds.y ?? "number", 6, all.map((point) => point[1]), HEIGHT - BOTTOM, TOP),
  };
}

const isPoint = ([x, y]) => x !== null && x !== undefined && !Number.isNaN(x) && Number.isFinite(y);

const stroke = (line, x, y) => html`
  <polyline class="line" points=${line.map(([a, b]) => `${x.at(a).toFixed(1)},${y.at(b).toFixed(1)}`).join(" ")} />`;

/** Dots that would cover each other are drawn once. */
function dots(line, x, y) {
  const seen = new Set();
  for (const [a, b] of line) seen.add(`M${x.at(a).toFixed(0)} ${y.at(b).toFixed(0)}h0`);
  return html`<path class="dots" d=${[...seen].join("")} />`;
}

/** Returns {at, values}: the x nearest to a place, and what each series has there or null. */
function nearest(drawn, x, left) {
  let [at, least] = [null, Infinity];
  for (const one of drawn) {
    for (const line of one.lines) {
      for (const [a] of line) {
        const away = Math.abs(x.at(a) - left);
        if (away < least) [at, least] = [a, away];
      }
    }
  }
  const there = (one) => one.lines.flat().find(([a]) => a === at)?.[1] ?? null;
  return at === null ? null : { at, values: drawn.map(there) };
}

const shown = (value) => (typeof value === "number" ? number(value) : String(value));

function spoken(title, series) {
  const ends = series.slice(0, SPOKEN).map((one) => {
    const last = one.lines.slice(0, SPOKEN).map((line) => number(line.at(-1)[1]));
    return `${one.name}: last ${last.join(", ")}`;
  });
  const more = series.length > SPOKEN ? `; and ${series.length - SPOKEN} more` : "";
  return `${title}. ${ends.join("; ")}${more}`;
}
