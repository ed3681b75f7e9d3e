// The first page: a dataset, what to predict of it, and the studies there are.
import { useEffect, useState } from "../vendor/hooks.js";
import { get, once, post, upload } from "../parts/api.js";
import { html } from "../parts/html.js";
import { ProblemBox } from "../parts/problem.js";
import { Profile } from "./profile.js";
import { Samples, targets, usePreview } from "./samples.js";
import { Target } from "./target.js";
import { ENDED, METRICS, STATUS, budget, budgetText, bytes, metricName, moment, number } from "../parts/words.js";

const LOOK_AGAIN = 3000; // ms, while a study of the list is on its way

export function Home({ datasetId }) {
  return html`
    <${NewStudy} datasetId=${datasetId} />
    <${Studies} />`;
}

function NewStudy({ datasetId }) {
  const [datasets, setDatasets] = useState(null);
  const [dataset, setDataset] = useState(null);
  const [problem, setProblem] = useState(null);

  useEffect(() => {
    get("/v1/datasets?limit=100").then((page) => setDatasets(page.items), setProblem);
  }, []);
  useEffect(() => {
    if (!datasetId) return void setDataset(null);
    if (dataset?.id === datasetId) return;
    setDataset(null);
    get(`/v1/datasets/${encodeURIComponent(datasetId)}`).then(setDataset, setProblem);
  }, [datasetId]);

  const choose = (id) => { location.hash = id ? `#/datasets/${id}` : "#/"; };
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
        ${datasets?.length > 0 && html`
          <div class="field">
            <label for="dataset">or choose a dataset</label>
            <select id="dataset" value=${datasetId ?? ""} onChange=${(event) => choose(event.target.value)}>
              <option value="">–</option>
              ${datasets.map((one) => html`
                <option key=${one.id} value=${one.id}>${one.name} · ${number(one.rows)} rows · ${moment(one.created_at)}</option>`)}
            </select>
          </div>`}
      </div>
      <${ProblemBox} problem=${problem} />
      ${dataset && (dataset.shape
        ? html`<${Arrays} key=${dataset.id} dataset=${dataset} />`
        : html`
          <${Start} key=${dataset.id} dataset=${dataset} />
          <${Profile} dataset=${dataset} />`)}
    </section>`;
}

/** Images, series or volumes: what is to be predicted stands beside them, and has no column. */
function Arrays({ dataset }) {
  const [rows, problem] = usePreview(dataset);
  if (!rows) return html`<${ProblemBox} problem=${problem} />`;
  return html`
    <${Start} dataset=${dataset} beside=${targets(rows)} />
    <${Samples} dataset=${dataset} rows=${rows} />`;
}

function Upload({ done }) {
  const [sent, setSent] = useState(null);
  const [problem, setProblem] = useState(null);
  const [refused, setRefused] = useState(null); // a file's name: the input is empty again by then

  async function take(event) {
    const input = event.target;
    const [file] = input.files;
    if (!file) return;
    setProblem(null);
    setSent({ name: file.name, size: file.size, share: 0 });
    try {
      done(await upload(file, (share) => setSent({ name: file.name, size: file.size, share })));
    } catch (error) {
      setProblem(error);
      setRefused(file.name);
    }
    setSent(null);
    input.value = ""; // the same file, mended, can be chosen again
  }

  return html`
    <div class="field">
      <label for="file">Dataset file</label>
      <input id="file" type="file" onChange=${take} disabled=${sent !== null} aria-describedby="file-hint" />
      <small id="file-hint">A table with a header line; images in a zip; arrays as .npz; series as .ts. It is uploaded at once and read by the service.</small>
      ${sent && html`
        <div role="status">
          <progress aria-label="Upload" max="1" value=${sent.share < 1 ? sent.share : undefined}></progress>
          <small>${sent.share < 1
            ? `Sending ${sent.name}: ${Math.floor(sent.share * 100)} % of ${bytes(sent.size)}`
            : `Reading ${sent.name} …`}</small>
        </div>`}
      <${ProblemBox} problem=${problem} about=${refused} />
    </div>`;
}

function Start({ dataset, beside }) {
  const names = beside ?? dataset.columns.map((column) => column.name);
  const [target, setTarget] = useState(() => (beside ? beside[0] : likelyTarget(dataset)));
  const [chosenTask, setTask] = useState(null);
  const [metric, setMetric] = useState("auto");
  const [time, setTime] = useState("5m");
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);

  const column = dataset.columns.find((one) => one.name === target);
  const task = chosenTask ?? (beside ? (dataset.classes ? "classification" : "regression") : likelyTask(column));
  const judged = METRICS[task].includes(metric) ? metric : "auto";
  const asked = budget(time);

  async function start(event) {
    event.preventDefault();
    setProblem(null);
    setBusy(true);
    try {
      const body = { dataset_id: dataset.id, task: { type: task, target, metric: judged }, budget: asked, name: dataset.name };
      const study = await post("/v1/studies", body, once());
      location.hash = `#/studies/${study.id}`;
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return html`
    <form class="start" onSubmit=${start} aria-label="New study">
      ${names.length > 0 && html`<div class="field"><label for="target">Target</label>
        <select id="target" value=${target} onChange=${(event) => { setTarget(event.target.value); setTask(null); }}>
          ${names.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
        </select><small>${beside ? "What to predict." : "The column to predict."}</small></div>`}
      <div class="field"><label for="task">Task</label>
        <select id="task" value=${task} onChange=${(event) => setTask(event.target.value)}>
          <option value="classification">classification</option><option value="regression">regression</option>
        </select><small>${task === "classification" ? "One of some classes." : "A number."}</small></div>
      <div class="field"><label for="metric">Metric</label>
        <select id="metric" value=${judged} onChange=${(event) => setMetric(event.target.value)}>
          <option value="auto">automatic</option>
          ${METRICS[task].map((name) => html`<option key=${name} value=${name}>${metricName(name)}</option>`)}
        </select><small>What counts as good.</small></div>
      <div class="field"><label for="budget">Budget</label>
        <input id="budget" value=${time} onInput=${(event) => setTime(event.target.value)} autocomplete="off"
          aria-describedby="budget-hint" aria-invalid=${asked === null ? "true" : "false"} />
        <small id="budget-hint">${asked === null ? "Write 90s, 5m, 1h or 20 trials." : budgetText(asked)}</small></div>
      <div class="field"><span class="label" aria-hidden="true">${"\u00a0"}</span>
        <button class="primary" type="submit" disabled=${busy || asked === null}>Start</button></div>
      ${column && html`<${Target} column=${column} task=${task} rows=${dataset.rows} />`}
      <${ProblemBox} problem=${problem} />
    </form>`;
}

const POOR = ["id", "constant", "text", "datetime"];

function likelyTarget({ columns }) {
  const named = columns.find((column) => /^(target|label|class|y)$/i.test(column.name));
  const good = columns.filter((column) => !POOR.includes(column.kind));
  return (named ?? good.at(-1) ?? columns.at(-1)).name;
}

function likelyTask(column) {
  return column.kind === "numeric" && column.unique > 20 ? "regression" : "classification";
}

function Studies() {
  const [items, setItems] = useState(null);
  const [cursor, setCursor] = useState(null);
  const [problem, setProblem] = useState(null);

  useEffect(() => {
    let timer = null;
    let over = false;
    async function look() {
      try {
        const page = await get("/v1/studies?limit=20");
        if (over) return;
        setProblem(null);
        setItems((old) => [...page.items, ...(old ?? []).filter((one) => !page.items.some((two) => two.id === one.id))]);
        setCursor((old) => old ?? page.next_cursor);
        if (page.items.every((one) => ENDED.includes(one.status))) return;
      } catch (error) {
        if (over) return;
        setProblem(error);
        if (error.status && error.status < 500) return;
      }
      timer = setTimeout(look, LOOK_AGAIN);
    }
    look();
    return () => { over = true; clearTimeout(timer); };
  }, []);

  async function more() {
    const page = await get(`/v1/studies?limit=20&cursor=${encodeURIComponent(cursor)}`).catch(setProblem);
    if (!page) return;
    setItems((old) => [...old, ...page.items.filter((one) => !old.some((two) => two.id === one.id))]);
    setCursor(page.next_cursor ?? "");
  }

  return html`
    <section aria-labelledby="studies">
      <h2 id="studies">Studies</h2>
      <${ProblemBox} problem=${problem} />
      ${items?.length === 0 && html`<p class="quiet">None yet. Upload a dataset to start one.</p>`}
      ${items?.length > 0 && html`
        <div class="scroll"><table>
          <thead><tr><th scope="col">Study</th><th scope="col">State</th><th scope="col" class="minor">Target</th>
            <th scope="col" class="number">Best</th><th scope="col" class="minor">Created</th></tr></thead>
          <tbody>${items.map((one) => html`
            <tr key=${one.id}>
              <td><a href=${`#/studies/${one.id}`}>${one.name ?? one.id}</a></td>
              <td><span class=${`state ${one.status}`}>${STATUS[one.status] ?? one.status}</span></td>
              <td class="minor">${one.task.target}</td>
              <td class="number">${one.best ? `${number(one.best.value)} ${metricName(one.metric.name)}` : "–"}</td>
              <td class="minor">${moment(one.created_at)}</td>
            </tr>`)}</tbody>
        </table></div>
        ${cursor && html`<button onClick=${more}>Show more</button>`}`}
    </section>`;
}
