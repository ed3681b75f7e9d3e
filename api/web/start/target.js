// The column to predict: its classes and how even they are, or how its numbers are spread.
import { Histogram, bars } from "../parts/histogram.js";
import { html } from "../parts/html.js";
import { number, percent } from "../parts/words.js";

export function Target({ column, task, rows }) {
  const known = rows - column.missing;
  return html`
    <figure class="target">
      <figcaption>${column.name} <span class="quiet">${number(column.unique)} different values${column.missing > 0
        && `; ${number(column.missing)} rows without one are left out`}</span></figcaption>
      ${task === "regression" && column.summary
        ? html`<${Spread} column=${column} rows=${known} />`
        : html`<${Classes} column=${column} rows=${known} />`}
    </figure>`;
}

function Spread({ column, rows }) {
  const { mean, quantiles } = column.summary;
  return html`
    <${Histogram} items=${bars(column)} rows=${rows} label=${`Distribution of ${column.name}`} width=${600} height=${90} />
    <p class="ends"><span>${number(column.min)}</span><span>${number(column.max)}</span></p>
    <p class="quiet">mean ${number(mean)}, median ${number(quantiles["50%"])}, 90 % from ${number(quantiles["5%"])} to ${number(quantiles["95%"])}</p>`;
}

function Classes({ column, rows }) {
  const rest = rows - column.top.reduce((sum, [, count]) => sum + count, 0);
  const shown = rest > 0 && column.unique > column.top.length ? [...column.top, [null, rest]] : column.top;
  return html`
    <div class="scroll"><table aria-label=${`Distribution of ${column.name}`}><tbody>${shown.map(([name, count]) => html`
      <tr key=${name}><th scope="row">${name ?? html`<span class="quiet">${number(column.unique - column.top.length)} more</span>`}</th>
        <td class="bar"><svg aria-hidden="true"><rect width=${`${(100 * count) / rows}%`} height="100%" /></svg></td>
        <td class="number">${number(count)}</td><td class="number">${percent(count, rows)}</td></tr>`)}</tbody></table></div>`;
}
