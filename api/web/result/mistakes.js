// Which classes are taken for which.
import { html } from "../parts/html.js";
import { number, percent } from "../parts/words.js";
import { Seen } from "./seen.js";

const NUMBERS = 12; // up to so many classes the matrix shows its counts
const PAIRS = 10;
const THUMBS = 3;

export function Mistakes({ found, examples }) {
  const { classes, confusion, confused, per_class: perClass } = found;
  const few = classes.length <= NUMBERS;
  const listed = html`<${PerClass} perClass=${perClass} />`;
  return html`
    ${confusion && html`<p class="quiet">True classes down, predicted ones across; the diagonal is right.</p>
      ${few ? html`<${Counts} classes=${classes} confusion=${confusion} />` : html`<${Shades} classes=${classes} confusion=${confusion} />`}`}
    ${confused.length === 0 && html`<p>No row was taken for another class.</p>`}
    ${classes.length > 2 && confused.length > 0 && html`<${Pairs} confused=${confused} perClass=${perClass} examples=${examples} />`}
    <h4>Class by class</h4>
    ${few ? listed : html`<details><summary>${number(classes.length)} classes</summary>${listed}</details>`}`;
}

/** The share of a row of the matrix shades its cell: whole numbers are read, shades are seen. */
function Counts({ classes, confusion }) {
  return html`
    <div class="scroll"><table class="confusion" aria-label="Confusion matrix">
      <thead><tr><td></td>${classes.map((label) => html`<th key=${label} scope="col"><bdi>${label}</bdi></th>`)}</tr></thead>
      <tbody>${confusion.map((row, actual) => html`
        <tr key=${actual}><th scope="row"><bdi>${classes[actual]}</bdi></th>${row.map((rows, predicted) => html`
          <td key=${predicted} class=${kind(actual, predicted, rows)} style=${{ "--share": rows / Math.max(1, sum(row)) }}
            title=${`${classes[actual]}, predicted ${classes[predicted]}: ${number(rows)} (${percent(rows, Math.max(1, sum(row)))})`}>${number(rows)}</td>`)}</tr>`)}</tbody></table></div>`;
}

const kind = (actual, predicted, rows) => (actual === predicted ? "right" : rows ? "wrong" : "none");

const sum = (row) => row.reduce((all, rows) => all + rows, 0);

/** Of many classes the picture; what matters of it stands in the tables beside it. */
function Shades({ classes, confusion }) {
  const size = classes.length;
  return html`
    <figure class="shades">
      <svg viewBox="0 0 ${size} ${size}" role="img" aria-label=${`Confusion matrix of ${size} classes; the most frequent mistakes follow as a table`}>${confusion.flatMap((row, actual) =>
        row.map((rows, predicted) => rows > 0 && html`
          <rect key=${`${actual} ${predicted}`} class=${kind(actual, predicted, rows)} x=${predicted} y=${actual} width="1" height="1" fill-opacity=${0.15 + (0.85 * rows) / sum(row)}>
            <title>${classes[actual]}, predicted ${classes[predicted]}: ${number(rows)}</title></rect>`))}</svg>
    </figure>`;
}

function Pairs({ confused, perClass, examples }) {
  const support = new Map(perClass.map((one) => [one.label, one.support]));
  const seen = (pair) => examples.filter((one) =>
    !one.right && one.actual === pair.actual && one.predicted === pair.predicted && "picture" in one.seen).slice(0, THUMBS);
  return html`
    <h4>The most frequent mistakes</h4>
    <table class="pairs narrow"><thead><tr><th scope="col">Actually</th><th scope="col">taken for</th><th scope="col" class="number">Rows</th><th scope="col" class="number">of the class</th><td></td></tr></thead>
      <tbody>${confused.slice(0, PAIRS).map((pair) => html`
        <tr key=${`${pair.actual} ${pair.predicted}`}><th scope="row"><bdi>${pair.actual}</bdi></th><td><bdi>${pair.predicted}</bdi></td>
          <td class="number">${number(pair.rows)}</td><td class="number">${percent(pair.rows, Math.max(1, support.get(pair.actual)))}</td>
          <td class="thumbs">${seen(pair).map((one, index) => html`<${Seen} key=${index} seen=${one.seen} />`)}</td></tr>`)}</tbody></table>`;
}

const PerClass = ({ perClass }) => html`
  <div class="scroll"><table><thead><tr><th scope="col">Class</th><th scope="col" class="number">Precision</th><th scope="col" class="number">Recall</th><th scope="col" class="number">F1</th><th scope="col" class="number">Rows</th></tr></thead>
    <tbody>${perClass.map((one) => html`
      <tr key=${one.label}><th scope="row"><bdi>${one.label}</bdi></th><td class="number">${number(one.precision, 3)}</td><td class="number">${number(one.recall, 3)}</td><td class="number">${number(one.f1, 3)}</td><td class="number">${number(one.support)}</td></tr>`)}</tbody></table></div>`;
