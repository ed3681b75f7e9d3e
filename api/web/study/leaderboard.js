// The trials as a table; a row opens its trial.
import { useEffect, useState } from "../vendor/hooks.js";
import { get } from "../parts/api.js";
import { Curve } from "./curve.js";
import { html } from "../parts/html.js";
import { ProblemBox } from "../parts/problem.js";
import { duration, metricName, number, trialNote } from "../parts/words.js";

const FIRST = 50;
const POINTS = 600;

export function Leaderboard({ study, rows, points }) {
  const [open, setOpen] = useState(null);
  const [all, setAll] = useState(false);
  if (!rows.length) return html`<section><h3>Leaderboard</h3><p class="quiet">No trial has started yet.</p></section>`;
  const shown = all ? rows : rows.slice(0, FIRST);
  return html`
    <section aria-labelledby="leaderboard"><h3 id="leaderboard">Leaderboard</h3>
      <div class="scroll"><table class="trials">
        <thead><tr><th scope="col">Trial</th><th scope="col">Model</th>
          <th scope="col" class="number">${metricName(study.metric.name)}</th><th scope="col">State</th>
          <th scope="col" class="number minor">Epochs</th><th scope="col" class="number">Time</th></tr></thead>
        <tbody>${shown.map((trial) => html`
          <${Row} key=${trial.number} trial=${trial} point=${points.get(trial.number)} study=${study}
            best=${study.best?.trial === trial.number} open=${open === trial.number}
            toggle=${() => setOpen(open === trial.number ? null : trial.number)} />`)}</tbody>
      </table></div>
      ${rows.length > shown.length && html`<button onClick=${() => setAll(true)}>Show all ${rows.length} trials</button>`}
    </section>`;
}

function Row({ trial, point, study, best, open, toggle }) {
  const training = trial.state === "running" && point;
  const id = `trial-${trial.number}`;
  return html`
    <tr class=${best ? "best" : ""} onClick=${(event) => event.target.closest("button") || toggle()}>
      <th scope="row"><button class="link" aria-expanded=${open ? "true" : "false"} aria-controls=${id} onClick=${toggle}>
        <span aria-hidden="true">${open ? "▾" : "▸"}</span> ${trial.number}</button></th>
      <td>${trial.family}${best && html` <span class="badge">best</span>`}</td>
      <td class="number">${trial.value !== null ? number(trial.value) : training && point.value !== null
        ? html`<span class="quiet">${number(point.value)}</span>` : "–"}</td>
      <td><span class=${`state ${trial.state}`}>${trial.state}</span></td>
      <td class="number minor">${trial.epochs ?? (training ? point.epoch : "–")}</td>
      <td class="number">${duration(trial.seconds)}</td>
    </tr>
    ${open && html`<tr class="detail" id=${id}><td colspan="6"><${Trial} study=${study} trial=${trial} point=${point} /></td></tr>`}`;
}

/** One trial: its curve is fetched at first, at each new fold and at the end; what comes meanwhile is appended. */
function Trial({ study, trial, point }) {
  const [traced, setTraced] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    const stop = new AbortController();
    get(`/v1/studies/${study.id}/trials/${trial.number}?max_points=${POINTS}`, { signal: stop.signal })
      .then(setTraced, (error) => stop.signal.aborted || setProblem(error));
    return () => stop.abort();
  }, [study.id, trial.number, trial.state, point?.fold]);
  useEffect(() => {
    if (!point) return;
    setTraced((old) => old && { ...old, curve: [...old.curve.filter((one) => one.epoch < point.epoch), point] });
  }, [point]);

  if (problem) return html`<${ProblemBox} problem=${problem} />`;
  if (!traced) return html`<p role="status">Loading …</p>`;
  const { curve } = traced;
  const note = trialNote({ ...traced, ...trial, reason: trial.reason ?? traced.reason });
  return html`
    ${note && html`<p>${note} ${traced.message && html`<span class="quiet">${traced.message}</span>`}</p>`}
    ${curve.length > 0 && html`<${Curve} points=${curve} metric=${study.metric.name} />`}
    ${!curve.length && trial.state === "complete" && html`<p class="quiet">This kind of model has no learning curve.</p>`}
    <dl class="params">
      ${Object.entries(traced.params).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${setting(value)}</dd></div>`)}
      ${traced.fold_values.length > 1 && html`<div><dt>by fold</dt><dd>${traced.fold_values.map((value) => number(value)).join(", ")}</dd></div>`}
      ${traced.parameters !== null && html`<div><dt>size</dt><dd>${number(traced.parameters)} parameters</dd></div>`}
      ${traced.attempts > 1 && html`<div><dt>attempts</dt><dd>${traced.attempts}</dd></div>`}
    </dl>`;
}

const setting = (value) => (typeof value === "number" ? number(value) : String(value));
