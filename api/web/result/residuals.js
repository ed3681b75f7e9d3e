// How far off predicted numbers are.
import { html } from "../parts/html.js";
import { number } from "../parts/words.js";
import { Plot } from "./plot.js";

export function Residuals({ found, target }) {
  const { points, residuals, residual_mean: mean, residual_quantiles: quantiles, within } = found;
  let [low, high] = [Infinity, -Infinity];
  for (const value of points.flat()) { low = Math.min(low, value); high = Math.max(high, value); }
  const { edges, counts } = residuals;
  return html`
    <div class="charts">
      <${Plot} title="Predicted against actual" spoken=${`${points.length} rows. Half are off by less than ${number(within["0.5"], 3)}.`}
        x=${{ label: `actual ${short(target)}`, low, high }} y=${{ label: "predicted", low, high }} layers=${[
          { style: 3, line: [[low, low], [high, high]] }, { style: 1, dots: points }]}>
        On the diagonal the prediction is exact.<//>
      <${Plot} title="Errors" spoken=${`Mean ${number(mean, 3)}, from ${number(edges[0], 3)} to ${number(edges.at(-1), 3)} for nearly all rows.`}
        x=${{ label: "predicted − actual", low: edges[0], high: edges.at(-1) }} y=${{ label: "rows", low: 0, high: Math.max(...counts) }} layers=${[
          { style: 1, bars: counts.map((count, index) => [edges[index], edges[index + 1], count]) },
          { style: 2, line: [[mean, 0], [mean, Math.max(...counts)]] }]}>
        The line is their mean, ${number(mean, 3)}; far off zero it would be a bias.<//>
    </div>
    <details><summary>Quantiles of the error</summary>
      <table class="narrow"><thead><tr><th scope="col">Of the rows</th><th scope="col" class="number">predicted − actual is below</th></tr></thead>
        <tbody>${Object.entries(quantiles).sort(([a], [b]) => a - b).map(([share, value]) => html`
          <tr key=${share}><th scope="row">${number(100 * share)} %</th><td class="number">${number(value)}</td></tr>`)}</tbody></table></details>`;
}

const short = (text) => (text.length > 24 ? `${text.slice(0, 23)}…` : text);
