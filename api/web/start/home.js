// The first page: a dataset, what to predict of it, and the newest studies.
import { useEffect, useState } from "../vendor/hooks.js";
import { get } from "../parts/api.js";
import { html } from "../parts/html.js";
import { ProblemBox } from "../parts/problem.js";
import { moment, number } from "../parts/words.js";
import { DatasetTools } from "../lists/datasets.js";
import { NewestStudies } from "../lists/studies.js";
import { shortened } from "./field.js";
import { Setup } from "./setup.js";
import { Upload } from "./upload.js";

const OFFERED = 20; // the newest datasets: a wide one is 200 kB with all its columns; the list has the rest

export function Home({ datasetId }) {
  const [datasets, setDatasets] = useState(null);
  const [dataset, setDataset] = useState(null);
  const [problem, setProblem] = useState(null);

  useEffect(() => {
    get(`/v1/datasets?limit=${OFFERED}`).then((page) => setDatasets(page.items), setProblem);
  }, []);
  useEffect(() => {
    setProblem(null);
    if (!datasetId) return void setDataset(null);
    if (dataset?.id === datasetId) return undefined;
    setDataset(null);
    const stop = new AbortController();
    get(`/v1/datasets/${encodeURIComponent(datasetId)}`, { signal: stop.signal })
      .then(setDataset, (error) => stop.signal.aborted || setProblem(error));
    return () => stop.abort();
  }, [datasetId]);

  const uploaded = (fresh) => {
    setDatasets((known) => [fresh, ...(known ?? []).filter((one) => one.id !== fresh.id)]);
    setDataset(fresh);
    choose(fresh.id);
  };
  return html`
    <section aria-labelledby="new">
      <h2 id="new">New study</h2>
      <div class="columns">
        <${Upload} done=${uploaded} />
        <${Offer} datasets=${datasets} dataset=${dataset} />
      </div>
      <${ProblemBox} problem=${problem} />
      ${datasetId && !dataset && !problem && html`<p role="status">Loading …</p>`}
      ${dataset && html`<${Setup} key=${dataset.id} dataset=${dataset} datasets=${datasets} />
        <${DatasetTools} dataset=${dataset} />`}
    </section>
    <${NewestStudies} />`;
}

const choose = (id) => { location.hash = id ? `#/datasets/${id}` : "#/"; };

/** The newest datasets there are, and the chosen one. */
function Offer({ datasets, dataset }) {
  const known = datasets ?? [];
  const offered = dataset && !known.some((one) => one.id === dataset.id) ? [dataset, ...known] : known;
  if (!offered.length) return null;
  return html`
    <div class="field">
      <label for="dataset">or choose a dataset</label>
      <select id="dataset" value=${dataset?.id ?? ""} onChange=${(event) => choose(event.target.value)}>
        <option value="">–</option>
        ${offered.map((one) => html`
          <option key=${one.id} value=${one.id}>${shortened(one.name)} · ${number(one.rows)} rows · ${moment(one.created_at)}</option>`)}
      </select>
      <small><a href="#/datasets">All datasets</a></small>
    </div>`;
}
