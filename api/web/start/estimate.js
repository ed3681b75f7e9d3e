// What the budget buys, as the service foresees it before anything is trained, and who would do it.
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { get, request } from "../parts/api.js";
import { html } from "../parts/html.js";
import { budgetText, duration, number } from "../parts/words.js";
import { NoWorker } from "../lists/workers.js";

const CALM = 400; // ms without a change before the service is asked
const MOST_CALM = 5000;
const COUNTED = ["table"]; // what trials were counted of, to compare: elsewhere their number is not foreseen
const SIZED = ["image", "volume"]; // their networks are chosen by the budget, so none takes a time of its own
const LOOK_AGAIN = 5000; // ms: workers come and go
const ASKED = ["dataset_id", "test_dataset_id", "task", "columns", "budget", "families", "search_space", "validation", "objective", "seed"];

/**
 * Returns {plan, problem, asking}: what the service would do with a request, or why it would refuse it.
 * One question is on its way at a time: planning a wide table takes the service seconds.
 */
export function usePlan(body) {
  const [state, setState] = useState({ plan: null, problem: null, asking: false });
  const wanted = useRef(null);
  const flying = useRef(false);
  const took = useRef(0); // ms of the last answer: where planning is slow it is asked for less
  const text = body && JSON.stringify(Object.fromEntries(ASKED.map((name) => [name, body[name]])));

  async function ask() {
    if (flying.current || wanted.current === null) return;
    const mine = wanted.current;
    flying.current = true;
    const since = performance.now();
    setState((old) => ({ ...old, asking: true }));
    const [plan, problem] = await request("/v1/studies?dry_run=true", { method: "POST", body: JSON.parse(mine) })
      .then(async (answer) => [await answer.json(), null]).catch((error) => [null, error]);
    flying.current = false;
    took.current = performance.now() - since;
    if (wanted.current === mine) setState({ plan, problem, asking: false });
    else ask();
  }
  useEffect(() => {
    wanted.current = text;
    if (text === null) return void setState({ plan: null, problem: null, asking: false });
    const timer = setTimeout(ask, Math.max(CALM, Math.min(took.current, MOST_CALM)));
    return () => { clearTimeout(timer); wanted.current = null; };
  }, [text]);
  return state;
}

/** Returns the workers that are alive, or null as long as nobody knows. */
function useWorkers() {
  const [workers, setWorkers] = useState(null);
  useEffect(() => {
    const stop = new AbortController();
    let timer = null;
    const look = async () => {
      const page = await get("/v1/workers?limit=500", { signal: stop.signal }).catch(() => null);
      if (stop.signal.aborted) return;
      setWorkers(page?.items ?? null);
      timer = setTimeout(look, LOOK_AGAIN);
    };
    look();
    return () => { stop.abort(); clearTimeout(timer); };
  }, []);
  return workers;
}

export function Estimate({ foreseen, dataset, body }) {
  const workers = useWorkers();
  const { plan, problem, asking } = foreseen;
  if (!body) return null;
  const fresh = plan?.plan.warnings.filter((one) => !dataset.warnings.some((two) => two.message === one.message)) ?? [];
  return html`
    <section class=${`estimate${asking ? " asking" : ""}`} aria-label="Estimate" aria-busy=${asking ? "true" : "false"}>
      ${plan ? html`<${Bought} plan=${plan} modality=${dataset.modality} budget=${body.budget} workers=${workers} />`
        : html`<p class="quiet">${problem ? `${problem.status === 422 ? "This cannot begin yet" : "No estimate"}: ${problem.message}` : "Reckoning what the budget buys …"}</p>`}
      ${workers?.length === 0 && html`<${NoWorker} />`}
      ${fresh.length > 0 && html`<ul class="warnings" aria-label="Of the plan">${fresh.map((one, index) => html`<li key=${index}>${one.message}</li>`)}</ul>`}
    </section>`;
}

function Bought({ plan, modality, budget, workers }) {
  const buys = COUNTED.includes(modality) && budget.seconds !== null
    ? `About ${trials(plan.estimates.affordable_trials, budget, workers)} in ${duration(budget.seconds)}` : budgetText(budget);
  return html`
    <p><b>${buys}</b> on ${who(workers)}. ${rows(plan.split)}</p>
    ${SIZED.includes(modality) ? html`<p class="quiet">Networks are sized to the time there is.</p>`
      : html`<${Costs} costs=${plan.estimates.first_trial_seconds} workers=${workers} />`}`;
}

function Costs({ costs, workers }) {
  return html`
    <ul class="costs" aria-label="What a trial takes">${Object.entries(costs).sort(([, a], [, b]) => a - b).map(([name, took]) => html`
      <li key=${name}>${name} <span>${seconds(took)}</span></li>`)}</ul>
    <p class="quiet">About what a trial of each takes with usual hyperparameters, of one processor core.${gpu(workers)} Networks shorten their training to the time there is.</p>`;
}

/** Returns how many trials, to one digit: more nobody can foresee. A worker buys as many as another. */
function trials(each, budget, workers) {
  const all = Math.min(each * Math.max(1, workers?.length ?? 1), budget.trials ?? Infinity);
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(all)));
  const count = Math.round(all / unit) * unit;
  return `${number(count)} trial${count === 1 ? "" : "s"}`;
}

function who(workers) {
  if (!workers?.length) return "one worker";
  const busy = workers.filter((one) => one.state === "busy").length;
  const count = workers.length === 1 ? "one worker" : `${workers.length} workers`;
  return busy ? `${count}, ${busy === workers.length ? "busy now" : `${busy} of them busy now`}: studies share them` : count;
}

const gpu = (workers) => (workers?.some((one) => one.device.startsWith("cuda")) ? " On a GPU networks may take much less." : "");

function rows({ rows: all, test_rows: test, given_test_rows: given, dropped_rows: dropped, folds, strategy }) {
  const judged = folds > 1 ? `judged in ${folds} folds${strategy === "kfold" ? "" : ` by ${strategy}`}` : "judged on one holdout";
  const parts = [`${number(all)} rows, ${judged}`];
  if (test) parts.push(`${number(test)} of them kept for the test`);
  if (given) parts.push(`${number(given)} rows of the test set judge the model`);
  if (dropped) parts.push(`${number(dropped)} more left out`);
  return `${parts.join("; ")}.`;
}

/** Returns seconds to one digit. */
function seconds(value) {
  if (value < 1) return `${Math.max(0.1, Number(value.toPrecision(1)))} s`;
  if (value < 90) return `${Number(value.toPrecision(value < 10 ? 1 : 2))} s`;
  return value < 5400 ? `${number(value / 60, 1)} min` : `${number(value / 3600, 1)} h`;
}
