// Everything that is known of a study's model, on a page of its own.
import { useEffect, useState } from "../vendor/hooks.js";
import { get } from "../parts/api.js";
import { useCalled } from "../parts/called.js";
import { html } from "../parts/html.js";
import { ProblemBox } from "../parts/problem.js";
import { ENDED, metricName, moment } from "../parts/words.js";
import { Doubts } from "./doubts.js";
import { Examples } from "./examples.js";
import { Files } from "./files.js";
import { Importance, Settings } from "./importance.js";
import { Made } from "./made.js";
import { Mistakes } from "./mistakes.js";
import { Ranking } from "./ranking.js";
import { Residuals } from "./residuals.js";
import { Score } from "./score.js";
import { Snippets } from "./snippets.js";
import { WhatIf } from "./whatif.js";

export function ResultPage({ studyId }) {
  const { study, model, report, sample, problem, lacking } = useResult(studyId);
  const name = useCalled(study);
  useTitle(name);
  if (!study) return problem ? html`<${ProblemBox} problem=${problem} />` : html`<p role="status">Loading …</p>`;
  const back = html`<a href=${`#/studies/${study.id}`}>the search</a>`;
  return html`
    <article class="result">
      <header>
        <h2>${name}: the result</h2>
        <p class="quiet">${study.task.type} of <b>${study.task.target}</b> by ${metricName(study.metric.name)}, ${moment(model?.created_at)} · ${back} · <a href=${`#/datasets/${study.dataset_id}`}>dataset</a></p>
      </header>
      <${ProblemBox} problem=${problem} />
      ${!study.model_id && html`<p role="status">There is no model yet: follow ${back}.</p>`}
      ${model && !ENDED.includes(study.status) && html`<p role="status">The search goes on; this is the model that it gave so far.</p>`}
      ${model && html`<${Sections} study=${study} model=${model} report=${report} sample=${sample} lacking=${lacking} />`}
    </article>`;
}

function Sections({ study, model, report, sample, lacking }) {
  const { classification, regression } = report ?? {};
  const sections = [
    ["How good it is", html`<${Files} study=${study} model=${model} /><${Score} model=${model} report=${report} />
      ${lacking && html`<p class="quiet">${lacking}</p>`}`],
    report && ["What to distrust", html`<${Doubts} report=${report} />`],
    sample && ["Try it", html`<${WhatIf} model=${model} report=${report} sample=${sample} />`],
    classification && ["What is taken for what", html`<${Mistakes} found=${classification} examples=${report.examples ?? []} />`],
    classification?.curves.some((one) => one.roc.length) && ["Where to draw the line", html`<${Ranking} report=${report} />`],
    regression && ["How far off it is", html`<${Residuals} found=${regression} target=${report.task.target} />`],
    report?.examples?.length > 0 && ["Rows to look at", html`<${Examples} examples=${report.examples} classes=${Boolean(classification)} />`],
    report?.importance.columns.length > 0 && ["What it relies on", html`<${Importance} report=${report} />`],
    ["What it is made of", html`<${Made} study=${study} model=${model} report=${report} />
      ${report && html`<${Settings} families=${report.families} />`}`],
    ["Use it elsewhere", html`<${Snippets} study=${study} model=${model} sample=${sample} />`],
  ].filter(Boolean);
  return html`
    <nav class="contents" aria-label="On this page">${sections.map(([title], index) => html`
      <button key=${title} class="link" onClick=${() => show(index)}>${title}</button>`)}</nav>
    ${sections.map(([title, content], index) => html`
      <section key=${title} aria-labelledby=${`part-${index}`}><h3 id=${`part-${index}`} tabindex="-1">${title}</h3>${content}</section>`)}`;
}

function show(index) {
  const heading = document.getElementById(`part-${index}`);
  heading.scrollIntoView();
  heading.focus({ preventScroll: true });
}

/** Returns the study, its model, the report on it and the dataset's first rows, as they arrive. */
function useResult(studyId) {
  const [found, setFound] = useState({});
  useEffect(() => {
    const stop = new AbortController();
    const options = { signal: stop.signal };
    const add = (more) => stop.signal.aborted || setFound((known) => ({ ...known, ...more }));
    const load = async () => {
      const study = await get(`/v1/studies/${encodeURIComponent(studyId)}`, options);
      if (!study.model_id) return add({ study });
      const [model, told, sample] = await Promise.all([
        get(`/v1/models/${study.model_id}`, options),
        get(`/v1/studies/${study.id}/report`, options).then((report) => ({ report }), (error) => ({ lacking: error.message })),
        sampleOf(study.dataset_id, options),
      ]);
      return add({ study, model, sample, ...told });
    };
    load().catch((problem) => add({ problem }));
    return () => stop.abort();
  }, [studyId]);
  return found;
}

/** Returns the dataset's columns and first rows; none where the dataset was deleted since. */
async function sampleOf(datasetId, options) {
  const path = `/v1/datasets/${datasetId}`;
  try {
    const [dataset, { rows }] = await Promise.all([get(path, options), get(`${path}/preview?rows=20`, options)]);
    return { columns: dataset.columns, rows };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return { columns: [], rows: [] };
  }
}

function useTitle(name) {
  const title = name ? `Result: ${name}` : "AutoML";
  useEffect(() => { document.title = title; }, [title]);
  useEffect(() => () => { document.title = "AutoML"; }, []);
}
