// A study's model on the study's own page: how good it is, where it is, and the way to all the rest.
import { useEffect, useState } from "../vendor/hooks.js";
import { get } from "../parts/api.js";
import { html } from "../parts/html.js";
import { ProblemBox } from "../parts/problem.js";
import { metricName, number } from "../parts/words.js";
import { Files } from "./files.js";

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
      <${Files} study=${study} model=${model} />
      <p><a href=${`#/studies/${study.id}/result`}>The whole result</a> <span class="quiet">its mistakes, what it relies on, and a form to try it</span></p>
      <table><caption>${unseen ? "On rows the search never saw" : "On rows held out in turn (out of fold)"}</caption>
        <thead><tr><th scope="col">Metric</th><th scope="col" class="number">Value</th><th scope="col" class="number">95 % interval</th></tr></thead>
        <tbody>${Object.entries(model.test.metrics).map(([name, one]) => html`
          <tr key=${name}><th scope="row">${metricName(name)}</th><td class="number">${number(one.value)}</td>
            <td class="number">${number(one.low)} to ${number(one.high)}</td></tr>`)}</tbody></table>
    </section>`;
}
