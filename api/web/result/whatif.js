// Try the model: change a row and see what it says.
import { useMemo, useState } from "../vendor/hooks.js";
import { html } from "../parts/html.js";
import { Answer, useAnswer } from "./answer.js";
import { Field } from "./fields.js";
import { isArray } from "./files.js";
import { Samples } from "./samples.js";
import { Speed } from "./speed.js";

const MOST = 12;
const NUMBER = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/;

export function WhatIf({ model, report, sample }) {
  if (model.inputs.some(({ kind }) => kind === "volume")) return html`<p>Volumes are tried with a file: see below.</p>`;
  return model.inputs.some(isArray)
    ? html`<${Samples} model=${model} rows=${sample.rows} />`
    : html`<${Form} model=${model} sample=${sample} order=${report?.importance.columns.map((one) => one.column) ?? []} />`;
}

function Form({ model, sample: { columns, rows }, order }) {
  const inputs = useMemo(() => ranked(model.inputs, order), [model]);
  const [row, setRow] = useState(0);
  const [values, setValues] = useState(() => cells(inputs, rows[0]));
  const [all, setAll] = useState(false);
  const question = useMemo(() => ({ body: { rows: [sent(inputs, values)] } }), [inputs, values]);
  const found = useAnswer(model.id, question);
  const wrong = new Map((found.problem?.errors ?? []).map((one) => [one.field, one.message]));
  const start = (index) => { setRow(index); setValues(cells(inputs, rows[index])); };
  const change = (name, value) => setValues((known) => ({ ...known, [name]: value }));
  const untouched = rows[row] && inputs.every(({ name }) => values[name] === cell(rows[row][name]));
  const shown = all ? inputs : inputs.filter(({ name }, index) => index < MOST || wrong.has(name));
  return html`
    <p class="quiet">Change a value and see what the model says. An empty field is a missing value.</p>
    ${rows.length > 0 && html`
      <div class="controls"><label for="what-if-row">Row of the data</label>
        <select id="what-if-row" class="narrow" value=${row} onChange=${(event) => start(Number(event.target.value))}>${rows.map((_, index) => html`
          <option key=${index} value=${index}>${index + 1}</option>`)}</select>
        <button onClick=${() => start(row)} disabled=${untouched}>As it was</button></div>`}
    <div class="whatif">
      <form class="fields" aria-label="What if" onSubmit=${(event) => event.preventDefault()}>
        ${shown.map((item) => html`<${Field} key=${item.name} id=${`what-if-${inputs.indexOf(item)}`} item=${item} column=${columns.find((one) => one.name === item.name)}
          value=${values[item.name]} problem=${wrong.get(item.name)} change=${change} />`)}
        ${inputs.length > shown.length && html`<p class="whole"><button type="button" onClick=${() => setAll(true)}>Show all ${inputs.length} fields</button>
          <small> the others matter less, and keep the row's values</small></p>`}
      </form>
      <${Answer} target=${model.task.target} found=${found} known=${untouched ? rows[row][model.task.target] : undefined} />
    </div>
    ${rows.length > 0 && html`<${Speed} model=${model} rows=${rows.map((one) => sent(inputs, cells(inputs, one)))} />`}`;
}

/** Of few inputs as they stand; of many those first on which the model relies most. */
function ranked(inputs, order) {
  if (inputs.length <= MOST) return inputs;
  const place = new Map(order.map((name, index) => [name, index]));
  const of = ({ name }) => place.get(name) ?? order.length;
  return [...inputs].sort((a, b) => of(a) - of(b));
}

const cell = (value) => (value === null || value === undefined ? "" : String(value));

const cells = (inputs, row) => Object.fromEntries(inputs.map(({ name }) => [name, cell(row?.[name])]));

/** Returns a row as the service takes it; what is no plain number goes as it was typed. */
function sent(inputs, values) {
  return Object.fromEntries(inputs.map(({ name, kind }) => {
    const text = kind === "numeric" ? values[name].trim() : values[name];
    if (text === "") return [name, null];
    const plain = kind === "numeric" && NUMBER.test(text) && Math.abs(Number(text)) < Number.MAX_SAFE_INTEGER;
    return [name, plain ? Number(text) : text];
  }));
}
