// One trial, opened: its curve, its settings, and in plain words how it ended.
import { useEffect, useState } from "../vendor/hooks.js";
import { get } from "../parts/api.js";
import { html } from "../parts/html.js";
import { ProblemBox } from "../parts/problem.js";
import { duration, number, trialNote } from "../parts/words.js";
import { Curve, longer } from "./curve.js";

const POINTS = 600;

/** Its curve is fetched at first, at each new fold and at the end; what comes meanwhile is appended. */
export function Trial({ study, trial, live }) {
  const [traced, setTraced] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    const stop = new AbortController();
    get(`/v1/studies/${study.id}/trials/${trial.number}?max_points=${POINTS}`, { signal: stop.signal })
      .then(setTraced, (error) => stop.signal.aborted || setProblem(error));
    return () => stop.abort();
  }, [study.id, trial.number, trial.state, live?.at(-1).fold]);
  useEffect(() => {
    if (live) setTraced((old) => old && { ...old, curve: longer(old.curve, live) });
  }, [live]);

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
      ${trial.seconds !== null && html`<div><dt>time</dt><dd>${duration(trial.seconds)}</dd></div>`}
      ${trial.epochs !== null && html`<div><dt>epochs in all</dt><dd>${number(trial.epochs)}</dd></div>`}
      ${traced.parameters !== null && html`<div><dt>size</dt><dd>${number(traced.parameters)} parameters</dd></div>`}
      ${traced.attempts > 1 && html`<div><dt>attempts</dt><dd>${traced.attempts}</dd></div>`}
      ${traced.worker && html`<div><dt>worker</dt><dd>${traced.worker}</dd></div>`}
    </dl>`;
}

const setting = (value) => (typeof value === "number" ? number(value) : String(value));
