// How to use the model elsewhere: lines to copy, with a row of the data in them.
import { useState } from "../vendor/hooks.js";
import { key } from "../parts/api.js";
import { html } from "../parts/html.js";
import { isArray } from "./files.js";

const MOST = 30; // columns that are written out

export function Snippets({ study, model, sample }) {
  const given = { study, model, row: typical(model.inputs, sample.rows), origin: location.origin, secret: Boolean(key.read()) };
  return html`
    <${Snippet} name="Python, with this service" code=${client(given)} />
    <${Snippet} name="Python, with the file alone" code=${runtime(given)} note="Needs numpy and onnxruntime, nothing of this service." />
    <${Snippet} name="Shell" code=${curl(given)} />`;
}

function Snippet({ name, code, note }) {
  const [copied, setCopied] = useState("");
  const take = () => copy(code).then(() => setCopied("Copied"), () => setCopied("Select the lines and copy them by hand"));
  return html`
    <div class="snippet">
      <h4>${name}</h4><span class="quiet" role="status">${copied}</span><button aria-label=${`Copy: ${name}`} onClick=${take}>Copy</button>
      <pre tabindex="0" aria-label=${name}><code>${code}</code></pre>
      ${note && html`<p class="quiet">${note}</p>`}
    </div>`;
}

/** A page that came over plain HTTP from another machine has no clipboard: then by a selection. */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("refused");
  return undefined;
}

/** Returns [input, cell] of every input, the cells out of the first rows that have them. */
function typical(inputs, rows) {
  return inputs.map((item) => {
    const having = rows.find((row) => row[item.name] !== null && row[item.name] !== undefined);
    return [item, having ? having[item.name] : item.kind === "numeric" ? 0 : ""];
  });
}

const object = (row, indent) => {
  const pairs = row.map(([{ name }, cell]) => `${JSON.stringify(name)}: ${JSON.stringify(cell)}`);
  const line = `{${pairs.join(", ")}}`;
  return line.length <= 70 ? line : `{\n${indent}    ${pairs.join(`,\n${indent}    `)},\n${indent}}`;
};

const written = (row) => row.length <= MOST && !row.some(([item]) => isArray(item));

function client({ study, row, origin, secret }) {
  const rows = written(row) ? `[${object(row, "")}]` : `"rows.${row.some(([item]) => isArray(item)) ? "npz" : "csv"}"`;
  return [
    "from automl.client import Client",
    "",
    `study = Client("${origin}"${secret ? ", key=KEY" : ""}).open("${study.id}")`,
    'study.download("model.onnx")',
    `print(study.predict(${rows}))`,
  ].join("\n");
}

function runtime({ model, row }) {
  const outputs = model.classes ? "prediction, probabilities" : "(prediction,)";
  const [[first]] = row;
  const head = ["import numpy, onnxruntime", "", 'session = onnxruntime.InferenceSession("model.onnx")'];
  if (isArray(first)) {
    const shape = first.shape.join(", ");
    return [
      ...head,
      `rows = numpy.zeros((1, ${shape}), "${first.dtype}")  # yours: n × ${first.shape.join(" × ")}`,
      `${outputs} = session.run(None, {session.get_inputs()[0].name: rows})`,
      "print(prediction)",
    ].join("\n");
  }
  const cell = written(row) ? "cell" : 'cell if "string" in item.type else cell or "nan"';
  const source = written(row) ? [`row = ${object(row, "")}`] : [
    "import csv, json",
    'schema = json.loads(session.get_modelmeta().custom_metadata_map["schema"])',
    'cells = next(csv.DictReader(open("rows.csv", newline="")))',
    'row = {column["name"]: cells[column["name"]] for column in schema}',
  ];
  return [
    ...head,
    ...source,
    "feeds = {",
    `    item.name: numpy.array([[${cell}]], object if "string" in item.type else float)`,
    "    for item, cell in zip(session.get_inputs(), row.values())",
    "}",
    `${outputs} = session.run(None, feeds)`,
    "print(prediction)",
  ].join("\n");
}

function curl({ study, model, row, origin, secret }) {
  const key = secret ? ' -H "Authorization: Bearer $AUTOML_KEY"' : "";
  const arrays = row.some(([item]) => isArray(item));
  const body = written(row)
    ? `-H 'Content-Type: application/json' -d '${quoted(`{"rows": [${JSON.stringify(Object.fromEntries(row.map(([item, cell]) => [item.name, cell])))}]}`)}' \\`
    : `-H 'Content-Type: ${arrays ? "application/x-npz" : "text/csv"}' --data-binary @rows.${arrays ? "npz" : "csv"} \\`;
  return [
    `curl${key} -o model.onnx ${origin}/v1/studies/${study.id}/model/download`,
    `curl${key} ${body}`,
    `  ${origin}/v1/models/${model.id}/predict`,
  ].join("\n");
}

const quoted = (text) => text.replaceAll("'", "'\\''");
