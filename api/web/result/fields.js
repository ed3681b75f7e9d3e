// The fields of the what-if form: one for each input of the model.
import { html } from "../parts/html.js";
import { number } from "../parts/words.js";

/** Returns the values that a column has, where the service knows them all; else null. */
const levels = (kind, column) =>
  (["categorical", "boolean"].includes(kind) && column && column.unique <= column.top.length ? column.top.map(([name]) => name).sort() : null);

export function Field({ id, item, column, value, problem, change }) {
  const { name, kind } = item;
  const known = levels(kind, column);
  const given = {
    id, value, "aria-invalid": problem ? "true" : undefined, "aria-describedby": problem ? `${id}-problem` : undefined,
    onInput: (event) => change(name, event.target.value),
  };
  return html`
    <div class="field ${kind === "text" ? "whole" : ""}">
      <label for=${id}><bdi>${name}</bdi></label>
      ${known ? html`<${Choice} given=${given} known=${known} />`
        : kind === "text" ? html`<textarea ...${given} rows="5"></textarea>`
        : html`<input ...${given} autocomplete="off" inputmode=${kind === "numeric" ? "decimal" : undefined} placeholder="missing" />`}
      ${problem ? html`<small class="bad" id=${`${id}-problem`} role="alert">${problem}</small>` : html`<small>${hint(kind, column)}</small>`}
    </div>`;
}

function Choice({ given, known }) {
  const own = given.value === "" || known.includes(given.value) ? [] : [given.value];
  return html`
    <select ...${given} onInput=${undefined} onChange=${given.onInput}>
      <option value="">missing</option>
      ${[...known, ...own].map((name) => html`<option key=${name} value=${name}>${name}</option>`)}</select>`;
}

function hint(kind, column) {
  if (!column) return "";
  if (kind === "numeric" && column.min !== null) return `${number(column.min)} to ${number(column.max)}`;
  if (kind === "datetime" && column.earliest) return `${column.earliest} to ${column.latest}`;
  return kind === "categorical" && column.unique > column.top.length ? `such as ${column.top.slice(0, 3).map(([name]) => name).join(", ")}` : "";
}
