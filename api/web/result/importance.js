// What the model relies on, and which settings of the search mattered.
import { useState } from "../vendor/hooks.js";
import { html } from "../parts/html.js";
import { metricName, number } from "../parts/words.js";
import { Bars } from "./bars.js";

const FIRST = 15;
const SHARES = 8;

export function Importance({ report }) {
  const [all, setAll] = useState(false);
  const { metric, rows, rows_from: from, repeats, columns, left_out: out } = report.importance;
  const worse = report.task.direction === "maximize" ? "falls" : "rises";
  const shown = all ? columns : columns.slice(0, FIRST);
  return html`
    <p class="quiet">By how much the ${metricName(metric)} ${worse} when a column's cells are shuffled: the mean of ${repeats} times on ${number(rows)} rows${from === "test" ? "" : " that the model had learned from"}, with its spread. Columns that say the same share their importance.</p>
    <${Bars} label="Permutation importance" head=${["Column", `${metricName(metric)} ${worse} by`]} rows=${shown.map((one) => ({
      name: one.column, value: one.mean, spread: one.std, text: `${number(one.mean, 3)} ± ${number(one.std, 2)}`,
    }))} />
    ${columns.length > shown.length && html`<button onClick=${() => setAll(true)}>Show all ${columns.length} columns</button>`}
    ${out > 0 && html`<p class="quiet">${number(out)} more ${out === 1 ? "column was" : "columns were"} not looked at: least related to the predictions.</p>`}`;
}

/** Which hyperparameters went with the differences between the trials of a family. */
export function Settings({ families }) {
  const told = families
    .map((one) => ({ ...one, shown: one.hyperparameters.filter(({ share }) => share >= 0.01).slice(0, SHARES) }))
    .filter((one) => one.shown.length);
  return told.length > 0 && html`
    <h4>Which settings mattered</h4>
    <p class="quiet">The part of the differences between a family's trials that goes with a setting: a hint, for the search itself chose the values.</p>
    <div class="columns">${told.map((one) => html`
      <div key=${one.family}><${Bars} label=${`Settings of ${one.family}`} head=${[`${one.family}, ${one.complete} trials`, "Share"]} rows=${one.shown.map(({ name, share }) => ({
        name, value: share, text: `${number(100 * share, 2)} %`,
      }))} /></div>`)}</div>`;
}
