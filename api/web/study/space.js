// The hyperparameters of one family: which mattered, what each did, and all together.
import { useMemo, useState } from "../vendor/hooks.js";
import { range, wide } from "../parts/axis.js";
import { Chart } from "../parts/chart.js";
import { html } from "../parts/html.js";
import { metricName, number, percent } from "../parts/words.js";
import { FEWEST, importance } from "./importance.js";
import { Parallel } from "./parallel.js";

const NAMES = 12; // so many different names fit on an axis
const SLICED = 0.95; // of the trials, those with the worst values may fall outside a slice

export function Space({ study, trials }) {
  const families = useMemo(() => complete(trials), [trials]);
  const [asked, setAsked] = useState(null);
  const [param, setParam] = useState(null);
  if (!families.length) return html`<p class="quiet">No trial is complete yet.</p>`;
  const [family, found] = families.find(([name]) => name === asked) ?? families[0];
  return html`
    <div class="filter"><select aria-label="Family of the hyperparameters" value=${family} onChange=${(event) => { setAsked(event.target.value); setParam(null); }}>
      ${families.map(([name, one]) => html`<option key=${name} value=${name}>${name} (${number(one.length)} complete)</option>`)}</select></div>
    <${Explained} key=${family} study=${study} found=${found} param=${param} setParam=${setParam} />`;
}

function Explained({ study, found, param, setParam }) {
  const axes = useMemo(() => dimensions(found), [found]);
  const shares = useMemo(() => importance(found), [found]);
  if (!axes.length) return html`<p class="quiet">All its trials have the same settings.</p>`;
  const sliced = axes.find(({ name }) => name === param) ?? axes.find(({ name }) => name === shares[0]?.name) ?? axes[0];
  return html`
    <div class="charts">
      <div><h4>Importance</h4>
        ${shares.length ? html`<table class="families" aria-label="Importance"><tbody>${shares.map(({ name, share }) => html`
          <tr key=${name}><th scope="row">${name}</th>
            <td class="bar"><svg height="14" aria-hidden="true"><rect width=${`${100 * share}%`} height="100%" /></svg></td>
            <td class="number">${percent(share, 1)}</td></tr>`)}</tbody></table>` : null}
        <p class="quiet">${shares.length
          ? "How much of the differences between these trials (in rank) goes with one hyperparameter by itself, chance taken off. A hint: the search chose the values, and what two do together is not seen."
          : `Nothing can be said with fewer than ${FEWEST} complete trials.`}</p></div>
      <div><h4>Slice</h4>
        <select aria-label="Hyperparameter" value=${sliced.name} onChange=${(event) => setParam(event.target.value)}>
          ${axes.map(({ name }) => html`<option key=${name} value=${name}>${name}</option>`)}</select>
        <${Slice} study=${study} found=${found} one=${sliced} /></div>
    </div>
    <h4>All together</h4>
    <${Parallel} study=${study} found=${found} axes=${axes} />`;
}

function Slice({ study, found, one }) {
  const series = useMemo(() => {
    const points = found.filter(({ params }) => one.name in params).map(({ params, value }) => [one.of(params[one.name]), value]);
    const sign = study.metric.direction === "maximize" ? -1 : 1;
    const ordered = points.map(([, value]) => sign * value).sort((a, b) => a - b);
    const usual = ordered[Math.floor(SLICED * (ordered.length - 1))];
    const [low] = ordered;
    const most = usual + 2 * (usual - low); // one that diverged would hide the rest
    return [{ name: "trials", style: 1, dots: true, lines: [points.filter(([, value]) => sign * value <= most || most === low)] }];
  }, [found, one]);
  return html`<${Chart} title=${`${metricName(study.metric.name)} by ${one.name}`} label=${one.name}
    kinds=${{ x: one.names ?? one.kind }} series=${series} />`;
}

/** Returns the complete trials of each family, that with the most first. */
function complete(trials) {
  const found = new Map();
  for (const trial of trials.values()) {
    if (trial.state !== "complete" || !Number.isFinite(trial.value)) continue;
    if (!found.has(trial.family)) found.set(trial.family, []);
    found.get(trial.family).push(trial);
  }
  return [...found].sort(([, a], [, b]) => b.length - a.length);
}

/**
 * Returns the hyperparameters that differ between trials: [{name, kind, names, of}].
 *
 * `of` makes of a value what its axis holds; `names` are the places of an axis of names.
 */
function dimensions(trials) {
  const names = [...new Set(trials.flatMap((trial) => Object.keys(trial.params)))].sort();
  const found = [];
  for (const name of names) {
    const values = trials.filter(({ params }) => name in params).map(({ params }) => params[name]);
    const different = new Set(values.map(String));
    if (different.size < 2) continue;
    if (values.every((value) => typeof value === "number")) {
      const kind = wide(values) ? "log" : values.every(Number.isInteger) ? "whole" : "number";
      found.push({ name, kind, range: range(values), of: (value) => value });
    } else if (different.size <= NAMES) {
      found.push({ name, kind: "names", names: [...different].sort(), of: String });
    }
  }
  return found;
}
