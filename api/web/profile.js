// What the service found in a dataset.
import { html } from "./html.js";
import { bytes, number } from "./words.js";

const SHOWN = 200; // columns; a table of thousands is no profile to read

export function Profile({ dataset }) {
  const columns = dataset.columns.slice(0, SHOWN);
  return html`
    <section class="profile" aria-labelledby="profile">
      <h3 id="profile">${dataset.name}</h3>
      <p class="quiet">${number(dataset.rows)} rows, ${number(dataset.columns.length)} columns, ${bytes(dataset.bytes)}, ${dataset.format}</p>
      ${dataset.warnings.length > 0 && html`
        <ul class="warnings" aria-label="Warnings">${dataset.warnings.map((one) => html`<li>${one.message}</li>`)}</ul>`}
      <div class="scroll" tabindex="0" role="region" aria-label="Columns"><table>
        <thead><tr><th scope="col">Column</th><th scope="col">Kind</th><th scope="col" class="number">Missing</th>
          <th scope="col" class="number">Unique</th><th scope="col">Values</th></tr></thead>
        <tbody>${columns.map((column) => html`
          <tr key=${column.name}>
            <th scope="row">${column.name}</th>
            <td>${column.kind}</td>
            <td class="number">${column.missing ? `${number(column.missing)} (${share(column.missing, dataset.rows)})` : "0"}</td>
            <td class="number">${number(column.unique)}</td>
            <td class="values">${values(column)}</td>
          </tr>`)}</tbody>
      </table></div>
      ${dataset.columns.length > SHOWN && html`<p class="quiet">The first ${SHOWN} columns of ${number(dataset.columns.length)}.</p>`}
    </section>`;
}

function share(count, rows) {
  const percent = (100 * count) / rows;
  return percent < 0.1 ? "< 0.1 %" : `${number(percent, 2)} %`;
}

function values(column) {
  if (typeof column.min === "number") return `${number(column.min)} to ${number(column.max)}`;
  return column.top.slice(0, 4).map(([value, count]) => `${value} (${number(count)})`).join(", ");
}
