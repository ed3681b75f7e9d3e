// Rows that the model gets right, and some that it does not.
import { html } from "../parts/html.js";
import { number } from "../parts/words.js";
import { Seen } from "./seen.js";

export function Examples({ examples, classes }) {
  const groups = classes
    ? [["It gets wrong: the surest of the most frequent mistakes", false], ["It gets right: rows of each class, as sure as most", true]]
    : [["The farthest predictions", false], ["The nearest ones", true]];
  return groups.map(([title, right]) => {
    const shown = examples.filter((one) => one.right === right);
    return shown.length > 0 && html`
      <h4>${title}</h4>
      <div class="samples ${"text" in shown[0].seen ? "texts" : ""}" role="list" aria-label=${title}>${shown.map((one, index) => html`
        <figure key=${index} role="listitem"><${Seen} seen=${one.seen} /><figcaption><${Said} one=${one} /></figcaption></figure>`)}</div>`;
  });
}

function Said({ one }) {
  const sure = one.probability === null ? "" : ` (${number(100 * one.probability, 3)} %)`;
  if (one.probability === null) return html`${word(one.actual)}, predicted ${word(one.predicted)}`;
  return one.right ? html`${word(one.actual)}${sure}` : html`${word(one.actual)}, taken for ${word(one.predicted)}${sure}`;
}

const word = (value) => html`<bdi>${typeof value === "number" ? number(value) : value}</bdi>`;
