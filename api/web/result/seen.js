// A row of images, series or texts as people see it.
import { html } from "../parts/html.js";

const [WIDTH, HEIGHT] = [160, 72];
const CHANNELS = 3;

/** Draws what there is of `{picture, lines, text}`; `picture` is a PNG file in base64. */
export function Seen({ seen: { picture, lines, text } }) {
  if (picture) return html`<img src=${`data:image/png;base64,${picture}`} alt="" />`;
  if (lines) return html`<${Lines} channels=${lines} />`;
  return text === undefined ? null : html`<blockquote><bdi>${text}</bdi></blockquote>`;
}

export function Lines({ channels }) {
  const drawn = channels.slice(0, CHANNELS);
  const known = drawn.flat().filter((value) => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const point = (value, index, steps) =>
    `${((WIDTH * index) / Math.max(1, steps - 1)).toFixed(1)},${(HEIGHT * (1 - (value - low) / (high - low || 1))).toFixed(1)}`;
  return html`
    <svg viewBox="0 -2 ${WIDTH} ${HEIGHT + 4}" aria-hidden="true">${drawn.map((line, place) => html`
      <g key=${place} class=${`s${place + 1}`}>${stretches(line).map((stretch) => html`
        <polyline key=${stretch[0][1]} class="line" points=${stretch.map(([value, index]) => point(value, index, line.length)).join(" ")} />`)}</g>`)}</svg>`;
}

/** Returns the parts of a line without missing steps, as [value, step]. */
function stretches(line) {
  const found = [[]];
  line.forEach((value, index) => {
    if (value !== null) found.at(-1).push([value, index]);
    else if (found.at(-1).length) found.push([]);
  });
  return found.filter((one) => one.length);
}
