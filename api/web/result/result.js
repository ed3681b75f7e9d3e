// What a study ends with: how good the model is, of what it consists, where it is.
import { useEffect, useState } from "../vendor/hooks.js";
import { get, key, save } from "../parts/api.js";
import { html } from "../parts/html.js";
import { ProblemBox } from "../parts/problem.js";
import { bytes, metricName, number } from "../parts/words.js";

export function Result({ study }) {
  const [model, setModel] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    const stop = new AbortController();
    get(`/v1/models/${study.model_id}`, { signal: stop.signal })
      .then(setModel, (error) => stop.signal.aborted || setProblem(error));
    return () => stop.abort();
  }, [study.model_id]);
  if (!model) return html`<${ProblemBox} problem=${problem} />`;
  const unseen = model.test.source === "test";
  return html`
    <section class="result" aria-labelledby="result"><h3 id="result">The model</h3>
      <${Files} study=${study} model=${model} report=${study.links.report} />
      <div class="columns">
        <div>
          <h4>${unseen ? "On rows the search never saw" : "On rows held out in turn (out of fold)"}</h4>
          <table><thead><tr><th scope="col">Metric</th><th scope="col" class="number">Value</th><th scope="col" class="number">95 % interval</th></tr></thead>
            <tbody>${Object.entries(model.test.metrics).map(([name, one]) => html`
              <tr key=${name}><th scope="row">${metricName(name)}</th><td class="number">${number(one.value)}</td>
                <td class="number">${number(one.low)} to ${number(one.high)}</td></tr>`)}</tbody></table>
        </div>
        <div>
          <h4>Members</h4>
          <table><thead><tr><th scope="col">Trial</th><th scope="col">Model</th><th scope="col" class="number">Weight</th></tr></thead>
            <tbody>${[...model.members].sort((a, b) => b.weight - a.weight).map((one) => html`
              <tr key=${one.trial}><th scope="row">${one.trial}</th><td>${one.family}</td><td class="number">${number(one.weight, 3)}</td></tr>`)}</tbody></table>
        </div>
      </div>
      <h4>Use it</h4>
      <pre tabindex="0" aria-label="Commands"><code>${snippet(study, ofArrays(model))}</code></pre>
    </section>`;
}

function Files({ study, model, report }) {
  const [problem, setProblem] = useState(null);
  const path = `/v1/studies/${study.id}/model/download`;
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
      <span class="quiet">one ONNX file${size ? `, ${bytes(size)}` : ""}: ${ofArrays(model) ? "arrays" : "raw columns"} in, predictions out</span>
    </p>
    <${ProblemBox} problem=${problem} />`;
}

const ofArrays = ({ inputs }) => inputs.some(({ kind }) => ["image", "series", "volume"].includes(kind));

function snippet(study, arrays) {
  const secret = key.read() ? ' -H "Authorization: Bearer $AUTOML_KEY"' : "";
  return [
    `curl${secret} -o model.onnx ${location.origin}/v1/studies/${study.id}/model/download`,
    `curl${secret} -H 'Content-Type: ${arrays ? "application/x-npz" : "text/csv"}' -H 'Accept: text/csv' --data-binary @rows.${arrays ? "npz" : "csv"} \\`,
    `  ${location.origin}/v1/models/${study.model_id}/predict`,
  ].join("\n");
}
