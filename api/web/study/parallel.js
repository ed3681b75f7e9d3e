// Trials as lines across an axis for each hyperparameter, the better the stronger in colour.
import { useMemo, useRef } from "../vendor/hooks.js";
import { axis, cut } from "../parts/axis.js";
import { html } from "../parts/html.js";
import { useSize } from "../parts/size.js";
import { metricName, number } from "../parts/words.js";

const HEIGHT = 300;
const [TOP, BOTTOM, SIDE] = [34, 44, 56];
const MISSING = HEIGHT - 14; // where a hyperparameter was not in use
const LINES = 400;
const SHADES = 5;
const NARROWEST = 96; // px between two axes
const LETTER = 7; // px of a name

export function Parallel({ study, found, axes }) {
  const box = useRef(null);
  const { width } = useSize(box, { width: 700 });
  const room = Math.max(width, (axes.length + 1) * NARROWEST);
  const drawn = useMemo(() => lines(study, found, axes, room), [found, axes, room]);
  return html`
    <div class="scroll parallel" ref=${box} tabindex="0" role="group" aria-label="Hyperparameters and value of each trial">
      <svg width=${room} height=${HEIGHT} viewBox="0 0 ${room} ${HEIGHT}" role="img"
        aria-label=${`${drawn.count} trials across ${axes.map(({ name }) => name).join(", ")} and ${metricName(study.metric.name)}. The best: ${drawn.best}`}>
        ${drawn.paths.map(({ shade, d }) => html`<path key=${shade} class=${`shade${shade}`} d=${d} />`)}
        ${drawn.columns.map(({ name, x, scale }) => html`<g key=${name}>
          <line class="axis" x1=${x} x2=${x} y1=${TOP} y2=${HEIGHT - BOTTOM} />
          <text class="name" x=${x} y="16" text-anchor="middle">${cut(name, drawn.letters)}<title>${name}</title></text>
          ${scale.ticks.map(({ value, text }) => html`<text key=${text} x=${x + 4} y=${scale.at(value) + 3.5}>${cut(text, 10)}</text>`)}</g>`)}
        ${drawn.missing && html`<text x="2" y=${MISSING + 4}>not set</text>`}
      </svg></div>
    <p class="quiet">${drawn.count < found.length ? `The best ${number(drawn.count)} of ${number(found.length)} trials. ` : ""}Strong lines are the better trials.</p>`;
}

function lines(study, found, axes, room) {
  const sign = study.metric.direction === "maximize" ? -1 : 1;
  const trials = [...found].sort((a, b) => sign * (a.value - b.value)).slice(0, LINES);
  const step = (room - 2 * SIDE) / axes.length;
  const columns = axes.map((one, index) => ({
    ...one, x: SIDE + index * step,
    scale: one.names ? axis(one.names, HEIGHT - BOTTOM, TOP, "names") : axis(one.range, HEIGHT - BOTTOM, TOP, one.kind, 5),
  }));
  const values = { name: metricName(study.metric.name), x: room - SIDE, scale: axis(trials.map((trial) => trial.value), HEIGHT - BOTTOM, TOP, "number", 5) };
  let missing = false;
  const path = (trial) => {
    const places = columns.map(({ name, x, scale, of }) => {
      if (name in trial.params) return `${x.toFixed(0)} ${scale.at(of(trial.params[name])).toFixed(1)}`;
      missing = true;
      return `${x.toFixed(0)} ${MISSING}`;
    });
    return `M${places.join("L")}L${values.x} ${values.scale.at(trial.value).toFixed(1)}`;
  };
  const shades = Array.from({ length: SHADES }, () => []);
  trials.forEach((trial, place) => shades[Math.floor((SHADES * place) / trials.length)].push(path(trial)));
  const best = Object.entries(trials[0].params).map(([name, value]) => `${name} ${value}`).join(", ");
  return {
    count: trials.length, letters: Math.min(16, Math.floor(step / LETTER)), best, missing, columns: [...columns, values],
    paths: shades.map((some, shade) => ({ shade, d: some.join("") })).reverse(), // the best lie on top
  };
}
