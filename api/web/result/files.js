// What there is to take away: the model's file, the bundle, the report.
import { useState } from "../vendor/hooks.js";
import { key, save } from "../parts/api.js";
import { html } from "../parts/html.js";
import { ProblemBox } from "../parts/problem.js";
import { bytes } from "../parts/words.js";

export const isArray = ({ kind }) => ["image", "series", "volume"].includes(kind);

export function Files({ study, model }) {
  const [problem, setProblem] = useState(null);
  const path = `/v1/studies/${study.id}/model/download`;
  const { report } = study.links;
  const size = model.formats.find((one) => one.format === "onnx")?.bytes;
  const bundle = model.formats.some((one) => one.format === "bundle");
  // A link carries no key: with one, the file is fetched and saved.
  const by = (address, filename, headers) => (event) => {
    if (!key.read()) return;
    event.preventDefault();
    setProblem(null);
    save(address, filename, headers).catch(setProblem);
  };
  return html`
    <p class="files">
      <a class="button primary" href=${path} download onClick=${by(path, `${model.id}.onnx`)}>Download model</a>
      ${bundle && html`<a class="button" href=${`${path}?format=bundle`} download onClick=${by(`${path}?format=bundle`, `${model.id}.zip`)}>Download bundle</a>`}
      ${report && html`<a class="button" href=${report} target="_blank" rel="noopener" onClick=${by(report, "report.html", { Accept: "text/html" })}>Report</a>`}
      <span class="quiet">one ONNX file${size ? `, ${bytes(size)}` : ""}: ${model.inputs.some(isArray) ? "arrays" : "raw columns"} in, predictions out</span>
    </p>
    <${ProblemBox} problem=${problem} />`;
}
