// How the best value came about: trials as they ended, the best so far, and what always guessing alike reaches.
import { useMemo } from "../vendor/hooks.js";
import { now } from "../parts/api.js";
import { Chart } from "../parts/chart.js";
import { html } from "../parts/html.js";
import { useTick } from "../parts/tick.js";
import { ENDED, metricName, number } from "../parts/words.js";

const KEPT = 0.9; // of the trials, those with the worst values may fall outside
const STEPS = 400; // in which the time up to now is drawn: about a pixel each

export function History({ state }) {
  const { study, trials, whole } = state;
  useTick(["running", "finalizing"].includes(study.status));
  const end = until(study);
  const found = useMemo(() => whole && history(study, trials, end), [trials, whole, study.started_at, study.baseline.value, end]);
  if (whole && !found) return null;
  const { series, outside } = found || {};
  return html`
    <section aria-labelledby="history"><h3 id="history">The search</h3>
      ${!whole && html`<p class="pending quiet">Loading the trials …</p>`}
      ${whole && html`<${Chart} wide title=${`${metricName(study.metric.name)} over time`} label="time since the start" kinds=${{ x: "time" }} series=${series}>
        ${outside > 0 && html`<p class="quiet">${number(outside)} ${outside === 1 ? "trial was" : "trials were"} too bad for this drawing.</p>`}
      <//>`}</section>`;
}

/** Returns the seconds from the start to the end or to now, in steps: not every second moves a pixel. */
function until({ started_at: began, finished_at: finished, status }) {
  const ended = ENDED.includes(status) && finished;
  const seconds = Math.max(0, ((ended ? Date.parse(finished) : now()) - Date.parse(began)) / 1000);
  const step = 2 ** Math.max(0, Math.ceil(Math.log2(seconds / STEPS)));
  return ended ? seconds : Math.floor(seconds / step) * step;
}

function history(study, trials, end) {
  const began = Date.parse(study.started_at);
  const points = [...trials.values()].filter((trial) => trial.state === "complete" && Number.isFinite(trial.value))
    .map((trial) => [Math.max(0, (Date.parse(trial.finished_at) - began) / 1000), trial.value])
    .filter(([at]) => Number.isFinite(at))
    .sort(([a], [b]) => a - b);
  if (!points.length) return null;
  const sign = study.metric.direction === "maximize" ? -1 : 1;
  const last = Math.max(points.at(-1)[0], end || 0);
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
