// The models there are, to take away.
import { useState } from "../vendor/hooks.js";
import { key, save } from "../parts/api.js";
import { html } from "../parts/html.js";
import { pieces } from "../parts/pieces.js";
import { ProblemBox } from "../parts/problem.js";
import { bytes, metricName, number } from "../parts/words.js";
import { DOING, ListPage, useList, when } from "./list.js";
import { Remove } from "./remove.js";

const HEAD = [["Model", ""], ["Value", "number"], ["Of", "minor"], ["Files", ""], ["Built", "minor"], ["Delete", DOING]];
const FILES = [["onnx", "onnx"], ["bundle", "zip"]];

export function ModelsPage() {
  const list = useList("/v1/models");
  const none = html`<p class="quiet">None yet. A study publishes its model when it ends; <a href="#/">start one</a>.</p>`;
  return html`
    <${ListPage} title="Models" list=${list} none=${none} head=${HEAD}>
      ${list.items?.map((one) => html`
        <tr key=${one.id}><th scope="row"><a class="name" href=${`#/studies/${one.study_id}`}>${pieces(one.task.target)}</a><br /><small>${one.task.type}</small></th>
          <td class="number"><${Value} model=${one} /></td>
          <td class="minor">${families(one)}</td><td><${Files} model=${one} /></td><td class="minor">${when(one.created_at)}</td>
          <td class="number"><${Remove} path=${`/v1/models/${one.id}`} name=${`the model of ${one.task.target}`} done=${() => list.drop(one.id)}>
            <p>Programs that ask the service for its predictions get none any more. Files taken away go on working.</p><//></td></tr>`)}<//>`;
}

/** The metric on rows held back, with its interval. */
function Value({ model: { metric, test, value } }) {
  const seen = test.metrics[metric.name];
  return html`${number(seen?.value ?? value)}<br /><small>${metricName(metric.name)}${seen && html`<br />${number(seen.low)} to ${number(seen.high)}`}</small>`;
}

function families({ members }) {
  const named = [...new Set(members.map((one) => one.family))].join(", ");
  return members.length > 1 ? `${members.length} members: ${named}` : named;
}

function Files({ model }) {
  const [problem, setProblem] = useState(null);
  const path = (format) => `/v1/models/${model.id}/download?format=${format}`;
  const take = (format, ending) => (event) => {
    if (!key.read()) return; // a link carries no key: with one, the file is fetched and saved
    event.preventDefault();
    setProblem(null);
    save(path(format), `${model.id}.${ending}`).catch(setProblem);
  };
  const there = FILES.map(([format, ending]) => [model.formats.find((one) => one.format === format), ending]).filter(([file]) => file);
  return html`
    <ul class="files">${there.map(([{ format, bytes: size }, ending]) => html`
      <li key=${format}><a href=${path(format)} download onClick=${take(format, ending)} aria-label=${`Download ${format} of ${model.task.target}`}>${format}</a> <small>${bytes(size)}</small></li>`)}</ul>
    <${ProblemBox} problem=${problem} />`;
}
