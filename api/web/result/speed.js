// How long the model takes for one row and for many: measured when somebody asks, so that no report
// holds a time, and equal searches equal files.
import { useState } from "../vendor/hooks.js";
import { request } from "../parts/api.js";
import { html } from "../parts/html.js";
import { ProblemBox } from "../parts/problem.js";
import { number } from "../parts/words.js";

const MANY = 1000; // rows
const TIMES = 9; // that each question is asked

/** @param rows as the service takes them; few are asked for again and again to make many */
export function Speed({ model, rows }) {
  const [found, setFound] = useState({});
  async function measure() {
    setFound({ busy: true });
    try {
      const one = await median(model.id, rows.slice(0, 1));
      const many = await median(model.id, Array.from({ length: MANY }, (_, index) => rows[index % rows.length]));
      setFound({ one, many });
    } catch (problem) {
      setFound({ problem });
    }
  }
  const { one, many, busy = false, problem } = found;
  return html`
    <p class="controls"><button type="button" disabled=${busy} onClick=${measure}>${busy ? "Measuring …" : "Measure its speed"}</button>
      <span role="status">${one !== undefined && html`One row takes <b>${number(one, 2)} ms</b>, ${number(MANY)} rows at once <b>${number(many, 2)} ms</b>.
        <span class="quiet">${` Medians of ${TIMES} questions to this service, the way there and back included.`}</span>`}</span></p>
    <${ProblemBox} problem=${problem} />`;
}

/** Returns the median of the milliseconds that a question takes. */
async function median(modelId, rows) {
  const took = [];
  for (let time = 0; time < TIMES; time += 1) {
    const begun = performance.now();
    await (await request(`/v1/models/${modelId}/predict`, { method: "POST", body: { rows } })).json();
    took.push(performance.now() - begun);
  }
  return took.sort((a, b) => a - b)[(TIMES - 1) / 2];
}
