// A picture over two named axes: lines, dots, bars and the place that is meant, in SVG.
import { html } from "../parts/html.js";
import { number } from "../parts/words.js";

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [320, 270, 56, 12, 10, 42];

/**
 * Draws one or more layers over one pair of axes.
 *
 * @param x, y {label, low, high, ticks}: `ticks` are found where they are not given
 * @param layers [{style, line | dots | bars | ring: points}], `style` being a number from 1;
 *   points are [x, y], of bars [from, to, height]
 * @param spoken what a screen reader says
 */
export function Plot({ title, spoken, x, y, layers, children }) {
  const across = axis(x, LEFT, WIDTH - RIGHT);
  const up = axis(y, HEIGHT - BOTTOM, TOP);
  const middle = (TOP + HEIGHT - BOTTOM) / 2;
  return html`
    <figure class="chart plot">
      <figcaption>${title}</figcaption>
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${`${title}. ${spoken}`}>
        ${up.ticks.map((tick) => html`
          <g key=${`y${tick}`}><line class="grid" x1=${LEFT} x2=${WIDTH - RIGHT} y1=${up.at(tick)} y2=${up.at(tick)} />
          <text x=${LEFT - 5} y=${up.at(tick) + 3.5} text-anchor="end">${number(tick)}</text></g>`)}
        ${across.ticks.map((tick) => html`
          <text key=${`x${tick}`} x=${across.at(tick)} y=${HEIGHT - BOTTOM + 15} text-anchor="middle">${number(tick)}</text>`)}
        <text x=${(LEFT + WIDTH - RIGHT) / 2} y=${HEIGHT - 5} text-anchor="middle">${x.label}</text>
        <text x="10" y=${middle} text-anchor="middle" transform="rotate(-90 10 ${middle})">${y.label}</text>
        ${layers.map((layer, index) => html`<g key=${index} class=${`s${layer.style}`}>${drawn(layer, across.at, up.at)}</g>`)}
      </svg>
      ${children && html`<p class="quiet">${children}</p>`}
    </figure>`;
}

function drawn({ line, dots, bars, ring }, x, y) {
  if (line) return html`<polyline class="line" points=${line.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ")} />`;
  if (dots) return dots.map(([a, b], index) => html`<circle key=${index} cx=${x(a)} cy=${y(b)} r=${dots.length > 30 ? 1.8 : 3.5} />`);
  if (bars) {
    return bars.map(([from, to, tall]) => html`
      <rect key=${from} x=${x(from)} width=${Math.max(0.5, (x(to) - x(from)) * 0.9)} y=${y(tall)} height=${y(0) - y(tall)} fill="currentColor">
        <title>${number(from)} to ${number(to)}: ${number(tall)}</title></rect>`);
  }
  return html`<circle class="ring" cx=${x(ring[0])} cy=${y(ring[1])} r="6" />`;
}

export const SHARES = { low: 0, high: 1, ticks: [0, 0.25, 0.5, 0.75, 1] };

function axis({ low, high, ticks }, from, to) {
  if (low === high) [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  return { ticks: ticks ?? round(low, high), at: (value) => from + ((value - low) / (high - low)) * (to - from) };
}

/** Returns a few round numbers between two others. */
function round(low, high) {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const found = [];
  for (let tick = Math.ceil(low / step); tick * step <= high + step / 1e6; tick += 1) {
    found.push(Number((tick * step).toPrecision(10)));
  }
  return found;
}
