// What to predict of a dataset, how to judge it and how long to search; beside it what was found in
// the data, where a column can be corrected.
import { useRef, useState } from "../vendor/hooks.js";
import { once, post } from "../parts/api.js";
import { html } from "../parts/html.js";
import { ProblemBox } from "../parts/problem.js";
import { METRICS, budget, budgetText, metricName } from "../parts/words.js";
import { Choices } from "./choices.js";
import { PRESETS, begin, correct, request, settle, told } from "./draft.js";
import { Estimate, usePlan } from "./estimate.js";
import { Field, Select, described, shortened } from "./field.js";
import { Profile } from "./profile.js";
import { Samples, targets, usePreview } from "./samples.js";
import { Target } from "./target.js";

export function Setup({ dataset, datasets }) {
  return dataset.shape
    ? html`<${Arrays} dataset=${dataset} datasets=${datasets} />`
    : html`<${Form} dataset=${dataset} datasets=${datasets} />`;
}

/** Images, series or volumes: what is to be predicted stands beside them, and has no column. */
function Arrays({ dataset, datasets }) {
  const [rows, problem] = usePreview(dataset);
  if (!rows) return html`<${ProblemBox} problem=${problem} />`;
  return html`
    <${Form} dataset=${dataset} datasets=${datasets} beside=${targets(rows)} />
    <${Samples} dataset=${dataset} rows=${rows} />`;
}

function Form({ dataset, datasets, beside }) {
  const [draft, setDraft] = useState(() => begin(dataset, beside));
  const [refused, setRefused] = useState(null);
  const [busy, setBusy] = useState(false);
  const form = useRef(null);
  const change = (part) => { setRefused(null); setDraft((old) => ({ ...old, ...part })); };

  const { column, task, metric } = settle(draft, dataset, beside);
  const [body, wrong] = request(draft, dataset, beside);
  const foreseen = usePlan(body);
  const problem = refused ?? foreseen.problem;
  const at = (field) => wrong[field] ?? told(problem, field);

  async function start(event) {
    event.preventDefault();
    setRefused(null);
    setBusy(true);
    try {
      const study = await post("/v1/studies", body, once());
      location.hash = `#/studies/${study.id}`;
    } catch (error) {
      setRefused(error);
      setBusy(false);
      requestAnimationFrame(() => form.current?.querySelector('[aria-invalid="true"]')?.focus());
    }
  }

  const names = beside ?? dataset.columns.map((one) => one.name);
  const asked = budget(draft.time);
  return html`
    <form class="start" onSubmit=${start} aria-label="New study" ref=${form}>
      ${names.length > 0 && html`
        <${Field} id="target" label="Target" hint=${beside ? "What to predict." : "The column to predict."} wrong=${at("task.target")}>
          <${Select} id="target" value=${draft.target} wrong=${at("task.target")} options=${names.map((name) => [name, shortened(name)])}
            pick=${(target) => change({ target, task: null, positive: null })} /><//>`}
      <${Field} id="task" label="Task" hint=${task === "classification" ? "One of some classes." : "A number."} wrong=${at("task.type")}>
        <${Select} id="task" value=${task} wrong=${at("task.type")} pick=${(one) => change({ task: one })}
          options=${[["classification", "classification"], ["regression", "regression"]]} /><//>
      <${Field} id="metric" label="Metric" hint=${judged(metric, task, foreseen.plan)} wrong=${at("task.metric")}>
        <${Select} id="metric" value=${metric} wrong=${at("task.metric")} pick=${(one) => change({ metric: one })}
          options=${[["auto", "automatic"], ...METRICS[task].map((name) => [name, metricName(name)])]} /><//>
      <div class="field"><label for="budget">Budget</label>
        <input ...${described("budget", at("budget"))} value=${draft.time} autocomplete="off" onInput=${(event) => change({ time: event.target.value })} />
        <div class="presets" role="group" aria-label="Usual times">${PRESETS.map(([name, text]) => html`
          <button key=${text} type="button" class="link" aria-pressed=${draft.time === text ? "true" : "false"} onClick=${() => change({ time: text })}>${name}</button>`)}</div>
        <small id="budget-hint" class=${at("budget") ? "wrong" : ""} aria-live="polite">${at("budget") || (PRESETS.some(([, text]) => text === draft.time) ? "" : budgetText(asked))}</small></div>
      <div class="field"><span class="label" aria-hidden="true">${"\u00a0"}</span>
        <button class="primary" type="submit" disabled=${busy || body === null}>${busy ? "Starting …" : "Start"}</button></div>
      ${column && html`<${Target} column=${column} task=${task} rows=${dataset.rows} />`}
      <${ProblemBox} problem=${refused} />
      <${Estimate} foreseen=${foreseen} dataset=${dataset} body=${body} />
      <${Choices} draft=${draft} change=${change} at=${at} dataset=${dataset} datasets=${datasets} task=${task}
        names=${names.filter((name) => name !== draft.target)} plan=${foreseen.plan} />
    </form>
    ${!beside && html`<${Profile} dataset=${dataset} columns=${draft.columns} target=${draft.target} at=${at}
      correct=${(some, part) => change({ columns: some.reduce((found, one) => correct(found, one, part), draft.columns) })}
      restore=${() => change({ columns: {} })} />`}`;
}

/** Says what the metric is where nobody chose one. */
function judged(metric, task, plan) {
  if (metric !== "auto") return "What counts as good.";
  if (plan?.task.type === task && plan.task.metric === "auto") {
    return `Here ${metricName(plan.plan.metric.name)}: ${plan.plan.metric.direction === "maximize" ? "higher" : "lower"} is better.`;
  }
  return task === "regression" ? "RMSE." : "ROC AUC of two classes, log loss of more.";
}
