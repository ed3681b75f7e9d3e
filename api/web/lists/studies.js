// The studies there are: what each does now and what it has found.
import { useEffect, useState } from "../vendor/hooks.js";
import { get } from "../parts/api.js";
import { called } from "../parts/called.js";
import { html } from "../parts/html.js";
import { pieces } from "../parts/pieces.js";
import { ProblemBox } from "../parts/problem.js";
import { ENDED, STATUS, duration, metricName, number } from "../parts/words.js";
import { DOING, ListPage, useList, when } from "./list.js";
import { Remove } from "./remove.js";

const NEWEST = 8; // studies under the form that starts one
const MOVING = 3000; // ms until a list is looked at again while a study of it goes on
const STILL = 15_000;

const pause = (items) => (items.some((one) => !ENDED.includes(one.status)) ? MOVING : STILL);

/** The newest studies, in few words. */
export function NewestStudies() {
  const { items, problem, more } = useList("/v1/studies", { limit: NEWEST, pause });
  const names = useNames(items);
  return html`
    <section class="list" aria-labelledby="studies">
      <h2 id="studies">Studies</h2>
      <${ProblemBox} problem=${problem} />
      ${items?.length === 0 && html`<p class="quiet">None yet. Upload a dataset to start one.</p>`}
      ${items?.length > 0 && html`
        <div class="scroll"><table>
          <thead><tr><th scope="col">Study</th><th scope="col">State</th><th scope="col" class="minor">Target</th>
            <th scope="col" class="number">Best</th><th scope="col" class="minor">Created</th></tr></thead>
          <tbody>${items.slice(0, NEWEST).map((one) => html`
            <tr key=${one.id}><th scope="row"><${Name} study=${one} dataset=${names.get(one.dataset_id)} /></th><td><${State} study=${one} /></td>
              <td class="minor name">${one.task.target}</td><td class="number"><${Best} study=${one} /></td>
              <td class="minor">${when(one.created_at)}</td></tr>`)}</tbody>
        </table></div>
        ${(more || items.length > NEWEST) && html`<p><a href="#/studies">All studies</a></p>`}`}
    </section>`;
}

const SHOWN = [["", "any"], ...Object.entries(STATUS)];
const HEAD = [["Study", ""], ["State", ""], ["Best", "number"], ["Dataset", "minor"], ["Time", "number minor"], ["Created", "minor"], ["Delete", DOING]];

/** All studies, with what can be done with each. */
export function StudiesPage() {
  const [status, setStatus] = useState("");
  const list = useList(`/v1/studies${status && `?status=${status}`}`, { pause });
  const names = useNames(list.items);
  const filter = html`
    <div class="finder"><div class="field"><label for="status">State</label>
      <select id="status" value=${status} onChange=${(event) => setStatus(event.target.value)}>
        ${SHOWN.map(([value, name]) => html`<option key=${value} value=${value}>${name}</option>`)}</select></div></div>`;
  const none = html`<p class="quiet">${status ? "None is in this state." : html`None yet. <a href="#/">Start one</a>.`}</p>`;
  return html`
    <${ListPage} title="Studies" list=${list} none=${none} filter=${filter} head=${HEAD}>
      ${list.items?.map((one) => html`
        <tr key=${one.id}><th scope="row"><${Name} study=${one} dataset=${names.get(one.dataset_id)} />${one.name && html`<br /><small>${one.task.target}</small>`}</th>
          <td><${State} study=${one} /></td><td class="number"><${Best} study=${one} /></td>
          <td class="minor name"><a href=${`#/datasets/${one.dataset_id}`}>${names.get(one.dataset_id) ?? "dataset"}</a></td>
          <td class="number minor">${one.started_at ? duration(one.progress.elapsed_seconds) : "–"}</td>
          <td class="minor">${when(one.created_at)}</td>
          <td class="number"><${Remove} path=${`/v1/studies/${one.id}`} name=${called(one, names.get(one.dataset_id))} done=${() => list.drop(one.id)}
            disabled=${!ENDED.includes(one.status)} why="It is still under way: cancel it first.">
            <p>Its trials, its events and its model go with it. Its dataset stays.</p><//></td></tr>`)}<//>`;
}

/** Returns the names of the studies' datasets as far as they are known. */
function useNames(studies) {
  const [names, setNames] = useState(new Map());
  const unknown = (studies ?? []).some((one) => !names.has(one.dataset_id));
  useEffect(() => {
    if (!unknown) return undefined;
    let over = false;
    get("/v1/datasets?limit=20").then(({ items }) => {
      if (over) return;
      const found = new Map(studies.map((one) => [one.dataset_id, null])); // not asked for again
      for (const { id, name } of items) found.set(id, name);
      setNames(found);
    }, () => {}); // without it they are called "dataset"
    return () => { over = true; };
  }, [unknown]);
  return names;
}

const Name = ({ study, dataset }) => html`<a class="name" href=${`#/studies/${study.id}`}>${pieces(called(study, dataset))}</a>`;

const State = ({ study: { status, progress } }) => html`
  <span class=${`state ${status}`}>${STATUS[status] ?? status}</span>
  ${["running", "paused"].includes(status) && html`<progress aria-label="Progress" max="1" value=${progress.fraction}></progress>`}`;

const Best = ({ study }) => (study.best ? html`${number(study.best.value)}<br /><small>${metricName(study.metric.name)}</small>` : "–");
