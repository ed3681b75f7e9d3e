// A picture over two named axes: lines, dots, bars and the place that is meant, in SVG.
import { axis } from "../parts/axis.js";
import { html } from "../parts/html.js";
import { number } from "../parts/words.js";

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [320, 270, 56, 12, 10, 42];

/**
 * Draws one or more layers over one pair of axes.
 *
 * @param x, y {label, low, high}
 * @param layers [{style, line | dots | bars | ring: points}], `style` being a number from 1;
 *   points are [x, y], of bars [from, to, height]
 * @param spoken what a screen reader says
 */
export function Plot({ title, spoken, x, y, layers, children }) {
  const across = axis([x.low, x.high], LEFT, WIDTH - RIGHT);
  const up = axis([y.low, y.high], HEIGHT - BOTTOM, TOP);
  const middle = (TOP + HEIGHT - BOTTOM) / 2;
  return html`
    <figure class="chart plot">
      <figcaption>${title}</figcaption>
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${`${title}. ${spoken}`}>
        ${up.ticks.map(({ value, text }) => html`
          <g key=${`y${value}`}><line class="grid" x1=${LEFT} x2=${WIDTH - RIGHT} y1=${up.at(value)} y2=${up.at(value)} />
          <text x=${LEFT - 5} y=${up.at(value) + 3.5} text-anchor="end">${text}</text></g>`)}
        ${across.ticks.map(({ value, text }) => html`
          <text key=${`x${value}`} x=${across.at(value)} y=${HEIGHT - BOTTOM + 15} text-anchor="middle">${text}</text>`)}
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

export const SHARES = { low: 0, high: 1 };
