// The workers that are alive: on which device, and what they do.
import { html } from "../parts/html.js";
import { duration } from "../parts/words.js";
import { ListPage, useList } from "./list.js";

const HEAD = [["Worker", ""], ["Device", ""], ["State", ""], ["Works on", ""], ["Last sign", "number minor"]];

export function WorkersPage() {
  const list = useList("/v1/workers", { limit: 500, pause: () => 2000 });
  return html`
    <${ListPage} title="Workers" list=${list} none=${html`<${NoWorker} />`} head=${HEAD}>
      ${list.items?.map((one) => html`
        <tr key=${one.id}><th scope="row"><span class="name">${one.id}</span></th><td>${one.device}</td>
          <td><span class=${`state ${one.state === "busy" ? "running" : "quiet"}`}>${one.state}</span></td>
          <td>${doing(one)}</td><td class="number minor">${ago(one.last_heartbeat_at)}</td></tr>`)}<//>`;
}

/** Why nothing is trained, and what to do. */
export const NoWorker = () => html`
  <div class="warnings none" role="status"><p>No worker is alive: studies wait, and nothing is trained.</p>
    <p><code>automl serve</code> brings its own workers. Beside <code>automl api</code>, run <code>automl worker</code> with the same settings, here or on another machine; one that is alive shows up here within seconds.</p></div>`;

function doing({ state, current_study: study, current_trial: trial }) {
  if (state !== "busy") return "–";
  if (!study) return "a study of somebody else";
  return html`<a href=${`#/studies/${study}`}>${trial === null ? "the study as a whole" : `trial ${trial}`}</a>`;
}

const ago = (moment) => `${duration(Math.max(0, Math.round((Date.now() - new Date(moment)) / 1000)))} ago`;
