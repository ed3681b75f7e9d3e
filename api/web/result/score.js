// How good the model is: in a sentence, in a picture, in numbers with their intervals.
import { html } from "../parts/html.js";
import { metricName, number } from "../parts/words.js";

const MEANS = {
  roc_auc: "how often a row of the class gets a higher probability than one without it; 0.5 is by chance, 1 always",
  log_loss: "how surprised the model is by the truth; 0 is never",
  accuracy: "the part of the rows that is predicted right",
  balanced_accuracy: "the part predicted right, every class counting alike",
  f1: "precision and recall in one number; 1 is perfect",
  f1_macro: "F1 averaged over the classes, every class counting alike",
  precision: "of the rows said to be of the class, the part that is",
  recall: "of the rows of the class, the part that is found",
  average_precision: "precision over all thresholds; 1 is perfect",
  rmse: "the typical error in the target's unit, large errors weighing more",
  mae: "the mean error in the target's unit",
  r2: "the part of the target's differences that is explained; 1 is all",
  mape: "the mean error as a part of the true value",
  rmsle: "the typical error of the logarithm: errors by a factor",
};

export function Score({ model, report }) {
  const unseen = model.test.source === "test";
  const rows = report ? `${number(report.judged_rows)} ` : "";
  const asked = ([name]) => name === model.metric.name;
  const metrics = Object.entries(report?.metrics ?? model.test.metrics).filter(([, one]) => one.value !== null)
    .sort((a, b) => asked(b) - asked(a));
  const guess = report?.guess?.metrics;
  return html`
    ${report && html`<p class="verdict">${verdict(report)}</p>`}
    <p class="quiet">${unseen
      ? `Measured on ${rows}test rows that the search never saw.`
      : `Measured out of fold: on ${rows}rows of the search, each judged by models that had not seen it.`}
      ${" "}With 95 % confidence the true value lies in the interval, as far as new data are like these.</p>
    ${report && html`<${Ladder} report=${report} />`}
    <table class="metrics"><thead><tr><th scope="col">Metric</th><th scope="col" class="number">Value</th><th scope="col" class="number">95 % interval</th>${guess && html`<th scope="col" class="number">Same guess</th>`}<th scope="col">What it says</th></tr></thead>
      <tbody>${metrics.map(([name, one]) => html`
        <tr key=${name}><th scope="row">${metricName(name)}${name === model.metric.name && html` <span class="badge">asked for</span>`}</th>
          <td class="number">${number(one.value)}</td><td class="number">${number(one.low)} to ${number(one.high)}</td>
          ${guess && html`<td class="number">${number(guess[name])}</td>`}<td class="means">${MEANS[name]}</td></tr>`)}</tbody></table>
    ${guess && html`<p class="quiet">The same guess is always <b><bdi>${typeof report.guess.answer === "number" ? number(report.guess.answer) : report.guess.answer}</bdi></b>: what a model must beat.</p>`}`;
}

function verdict({ classification, regression, metrics, task }) {
  if (classification && metrics.accuracy?.value != null) {
    const support = classification.per_class.map((one) => one.support);
    const likely = Math.max(...support) / Math.max(1, support.reduce((sum, one) => sum + one, 0));
    const { value, low, high } = metrics.accuracy;
    return html`The model is right about <b>${of100(value)} of 100</b> rows (between ${of100(low)} and ${of100(high)}).
      Always saying the most frequent class would be right about ${of100(likely)}.`;
  }
  if (!regression) return null;
  const r2 = metrics.r2?.value;
  return html`Half of the predictions of <bdi>${task.target}</bdi> are off by less than <b>${number(regression.within["0.5"], 3)}</b>, nine of ten by less than ${number(regression.within["0.9"], 3)}.
    ${r2 > 0 && ` The model explains ${of100(r2)} % of the differences between rows.`}`;
}

const of100 = (share) => number(100 * share, share > 0.005 && share < 0.995 ? 2 : 3);

const LINE = 18;

/** The metric asked for, on one line: the guess that needs no model, the search's best, the estimate. */
function Ladder({ report }) {
  const { task, baseline, optimism } = report;
  const estimate = report.metrics[task.metric];
  if (!estimate || estimate.value === null) return null;
  const name = metricName(task.metric);
  const interval = [estimate.low ?? estimate.value, estimate.high ?? estimate.value];
  const known = [baseline, optimism.search, estimate.value, ...interval].filter((value) => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const at = (value) => `${(3 + (94 * (value - low)) / (high - low || 1)).toFixed(2)}%`;
  return html`
    <figure class="ladder">
      <figcaption>${name}: ${task.direction === "maximize" ? "higher" : "lower"} is better</figcaption>
      <svg aria-hidden="true">
        <line class="grid" x1="0" x2="100%" y1=${LINE} y2=${LINE} />
        ${baseline !== null && html`<${Mark} style="4" x=${at(baseline)} d="M-1.5 -10h3v20h-3z" />`}
        ${optimism.search !== null && html`<${Mark} style="2" x=${at(optimism.search)} d="M0 -9l9 9l-9 9l-9 -9z" />`}
        <g class="s1"><line class="line" x1=${at(interval[0])} x2=${at(interval[1])} y1=${LINE} y2=${LINE} /></g>
        ${interval.map((value, end) => html`<${Mark} key=${end} style="1" x=${at(value)} d="M-1 -6h2v12h-2z" />`)}
        <${Mark} style="1" x=${at(estimate.value)} d="M-6 0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0z" />
        <text x="0" y="46">${number(low)}</text><text x="100%" y="46" text-anchor="end">${number(high)}</text>
      </svg>
      <dl class="facts">
        <div><dt class="s1">● This model</dt><dd>${number(estimate.value)}</dd><dd class="quiet">${number(estimate.low)} to ${number(estimate.high)}</dd></div>
        <div><dt class="s4">| Baseline</dt><dd>${number(baseline)}</dd><dd class="quiet">always the same guess</dd></div>
        <div><dt class="s2">◆ In the search</dt><dd>${number(optimism.search)}</dd><dd class="quiet">its best trial</dd></div>
        <div><dt>Gap</dt><dd>${number(optimism.gap, 2)}</dd><dd class="quiet">${gap(optimism)}</dd></div>
      </dl>
    </figure>`;
}

/** A drawing at a share of the width: an inner SVG may stand at one, a path may not. */
const Mark = ({ style, x, d }) => html`<svg class=${`s${style}`} x=${x} y=${LINE} overflow="visible"><path fill="currentColor" d=${d} /></svg>`;

function gap({ gap: size }) {
  if (size === null) return "not known";
  if (size > 0) return "the search was too hopeful by this";
  return size < 0 ? "the model did better than the search thought" : "as the search thought";
}
