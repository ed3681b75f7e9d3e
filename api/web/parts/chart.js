// Small line charts as SVG, drawn by hand: no library is worth its bytes here.
import { html } from "./html.js";
import { number } from "./words.js";

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [360, 190, 56, 10, 10, 34];

/**
 * Draws series over one pair of axes.
 *
 * @param series [{name, style, lines: [[[x, y], …], …], dots}], `style` being a number from 1
 * @param title what a screen reader says
 */
export function Chart({ title, label, series }) {
  const drawn = series
    .map((one) => ({ ...one, lines: one.lines.map((line) => line.filter(isPoint)).filter((line) => line.length) }))
    .filter((one) => one.lines.length);
  if (!drawn.length) return html`<p class="quiet">${title}: nothing to show yet.</p>`;
  const all = drawn.flatMap((one) => one.lines.flat());
  const x = axis(all.map((point) => point[0]), LEFT, WIDTH - RIGHT, true);
  const y = axis(all.map((point) => point[1]), HEIGHT - BOTTOM, TOP);
  return html`
    <figure class="chart">
      <figcaption>${title}</figcaption>
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${spoken(title, drawn)}>
        ${y.ticks.map((tick) => html`
          <g key=${`y${tick}`}><line class="grid" x1=${LEFT} x2=${WIDTH - RIGHT} y1=${y.at(tick)} y2=${y.at(tick)} />
          <text x=${LEFT - 6} y=${y.at(tick) + 3.5} text-anchor="end">${number(tick)}</text></g>`)}
        ${x.ticks.map((tick) => html`
          <text key=${`x${tick}`} x=${x.at(tick)} y=${HEIGHT - BOTTOM + 15} text-anchor="middle">${number(tick)}</text>`)}
        <text x=${(LEFT + WIDTH - RIGHT) / 2} y=${HEIGHT - 4} text-anchor="middle">${label}</text>
        ${drawn.map((one) => html`
          <g key=${one.name} class=${`s${one.style}${one.lines.length > 1 ? " several" : ""}`}>${one.lines.map((line) =>
            (one.dots || line.length === 1 ? dots(line, x, y) : stroke(line, x, y)))}</g>`)}
      </svg>
      <ul class="legend">${drawn.map((one) => html`<li key=${one.name} class=${`s${one.style}`}>${one.name}</li>`)}</ul>
    </figure>`;
}

const isPoint = ([x, y]) => Number.isFinite(x) && Number.isFinite(y) && y !== null;

const stroke = (line, x, y) => html`
  <polyline class="line" points=${line.map(([a, b]) => `${x.at(a).toFixed(1)},${y.at(b).toFixed(1)}`).join(" ")} />`;

const dots = (line, x, y) => line.map(([a, b]) => html`<circle cx=${x.at(a)} cy=${y.at(b)} r="3" />`);

function spoken(title, series) {
  const ends = series.map((one) => `${one.name}: last ${one.lines.map((line) => number(line.at(-1)[1])).join(", ")}`);
  return `${title}. ${ends.join("; ")}`;
}

function axis(values, from, to, whole = false) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
  if (low === high) {
    const room = whole ? 1 : Math.abs(low) / 10 || 1;
    [low, high] = [low - (whole ? 0 : room), high + room];
  }
  const step = nice((high - low) / 5, whole);
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step) {
    ticks.push(Number(tick.toPrecision(10)));
  }
  return { ticks, at: (value) => from + ((value - low) / (high - low)) * (to - from) };
}

/** Returns the next step that reads well: 1, 2 or 5 times a power of ten. */
function nice(step, whole) {
  const power = 10 ** Math.floor(Math.log10(step));
  const found = power * [1, 2, 5, 10].find((factor) => factor * power >= step * 0.999);
  return whole ? Math.max(1, Math.round(found)) : found;
}
