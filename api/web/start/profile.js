// What the service found in a dataset.
import { useState } from "../vendor/hooks.js";
import { Histogram, bars } from "../parts/histogram.js";
import { html } from "../parts/html.js";
import { bytes, number, percent } from "../parts/words.js";

const FIRST = 12;
const MOST = 200; // columns; a table of thousands is no profile to read

export function Profile({ dataset }) {
  const [all, setAll] = useState(false);
  const { columns, rows } = dataset;
  const shown = columns.slice(0, all ? MOST : FIRST);
  const more = Math.min(columns.length, MOST);
  return html`
    <section class="profile" aria-labelledby="profile">
      <h3 id="profile">${dataset.name}</h3>
      <p class="quiet">${number(rows)} rows, ${number(columns.length)} columns, ${bytes(dataset.bytes)}, ${dataset.format}</p>
      ${dataset.warnings.length > 0 && html`
        <ul class="warnings" aria-label="Warnings">${dataset.warnings.map((one) => html`<li>${one.message}</li>`)}</ul>`}
      <div class="scroll" tabindex="0" role="region" aria-label="Columns"><table>
        <thead><tr><th scope="col">Column</th><th scope="col">Distribution</th><th scope="col">Values</th>
          <th scope="col" class="number">Different</th><th scope="col" class="number">Missing</th></tr></thead>
        <tbody>${shown.map((column) => html`
          <tr key=${column.name}>
            <th scope="row">${breakable(column.name)}<br /><small>${column.kind}</small></th>
            <td class="small"><${Histogram} items=${bars(column)} rows=${rows} label=${`Distribution of ${column.name}`} /></td>
            <td class="values">${values(column)}</td>
            <td class="number">${number(column.unique)}</td>
            <td class="number">${column.missing ? `${number(column.missing)} (${percent(column.missing, rows)})` : "0"}</td>
          </tr>`)}</tbody>
      </table></div>
      ${more > shown.length && html`<button onClick=${() => setAll(true)}>Show ${columns.length > MOST ? `the first ${MOST}` : `all ${more}`} columns</button>`}
      ${all && columns.length > MOST && html`<p class="quiet">The first ${MOST} columns of ${number(columns.length)}.</p>`}
    </section>`;
}

/** Returns a name that may go on in another line behind an underscore. */
const breakable = (name) => name.split(/(?<=_)/).flatMap((part) => [part, html`<wbr />`]);

function values({ kind, min, max, top, summary, lengths, earliest, latest }) {
  if (earliest) return `${earliest} to ${latest}`;
  if (kind === "text" && lengths) return `${number(lengths.words, 2)} words on average, up to ${number(lengths.longest)} characters`;
  if (kind !== "numeric" || typeof min !== "number") return top.slice(0, 4).map(([value, count]) => `${value} (${number(count)})`).join(", ");
  if (!summary) return `${number(min)} to ${number(max)}`;
  const { "5%": low, "50%": middle, "95%": high } = summary.quantiles;
  return html`${number(min)} to ${number(max)}<br /><small>median ${number(middle)}, 90 % from ${number(low)} to ${number(high)}</small>`;
}
