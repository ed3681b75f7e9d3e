// How the best value came about: trials as they ended, the best so far, and what always guessing alike reaches.
import { useMemo } from "../vendor/hooks.js";
import { Chart } from "../parts/chart.js";
import { html } from "../parts/html.js";
import { metricName, number } from "../parts/words.js";

const KEPT = 0.9; // of the trials, those with the worst values may fall outside

export function History({ study, trials, whole }) {
  const found = useMemo(() => whole && history(study, trials), [trials, whole, study.started_at, study.baseline.value]);
  if (whole && !found) return null;
  const { series, outside } = found || {};
  return html`
    <section aria-labelledby="history"><h3 id="history">The search</h3>
      ${!whole && html`<p class="pending quiet">Loading the trials …</p>`}
      ${whole && html`<${Chart} wide title=${`${metricName(study.metric.name)} over time`} label="time since the start" kinds=${{ x: "time" }} series=${series}>
        ${outside > 0 && html`<p class="quiet">${number(outside)} ${outside === 1 ? "trial was" : "trials were"} too bad for this drawing.</p>`}
      <//>`}</section>`;
}

function history(study, trials) {
  const began = Date.parse(study.started_at);
  const points = [...trials.values()].filter((trial) => trial.state === "complete" && Number.isFinite(trial.value))
    .map((trial) => [Math.max(0, (Date.parse(trial.finished_at) - began) / 1000), trial.value])
    .filter(([at]) => Number.isFinite(at))
    .sort(([a], [b]) => a - b);
  if (!points.length) return null;
  const sign = study.metric.direction === "maximize" ? -1 : 1;
  const last = points.at(-1)[0];
  const best = [];
  for (const [at, value] of points) {
    const before = best.at(-1)?.[1];
    if (before !== undefined && sign * (value - before) >= 0) continue;
    if (before !== undefined) best.push([at, before]); // a step: nothing is known between
    best.push([at, value]);
  }
  best.push([last, best.at(-1)[1]]);
  const base = study.baseline.value;
  const worst = limit(points.map(([, value]) => value), base, sign);
  const inside = points.filter(([, value]) => sign * value <= sign * worst);
  return {
    outside: points.length - inside.length,
    series: [
      { name: "trials", style: 3, dots: true, lines: [inside] },
      { name: "best so far", style: 1, lines: [best.filter(([, value]) => sign * value <= sign * worst)] },
      { name: "baseline", style: 4, lines: [[[0, base], [last, base]]] },
    ],
  };
}

/** Returns the worst value to draw: a few that are far off would press all others into a line. */
function limit(values, base, sign) {
  const ordered = values.map((value) => sign * value).sort((a, b) => a - b);
  const usual = ordered[Math.floor(KEPT * (ordered.length - 1))];
  const far = Math.max(usual, Number.isFinite(base) ? sign * base : usual);
  const room = far + (far - ordered[0]) / 2;
  return sign * (ordered.at(-1) <= room ? ordered.at(-1) : room);
}
