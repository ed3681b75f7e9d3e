// What the service found in a dataset's columns, and a person's corrections of it.
import { useState } from "../vendor/hooks.js";
import { Histogram, bars } from "../parts/histogram.js";
import { html } from "../parts/html.js";
import { bytes, number, percent } from "../parts/words.js";

const FIRST = 12;
const PAGE = 100; // columns drawn at once: thousands of histograms would hold up every key
const KINDS = ["numeric", "categorical", "boolean", "datetime", "text", "id"];

export function Profile({ dataset, columns: corrections, target, at, correct, restore }) {
  const [page, setPage] = useState(null); // null: the first few
  const [sought, setSought] = useState("");
  const [kind, setKind] = useState("");
  const { columns, rows } = dataset;
  const words = sought.trim().toLowerCase();
  const found = columns.filter((one) => one.name.toLowerCase().includes(words) && (!kind || one.kind === kind));
  const begin = (page ?? 0) * PAGE;
  const shown = found.slice(begin, begin + (page === null ? FIRST : PAGE));
  const look = (set) => (event) => { set(event.target.value); setPage((old) => (old === null ? null : 0)); };
  return html`
    <section class="profile" aria-labelledby="profile">
      <${About} dataset=${dataset} counted=${`${number(columns.length)} columns`} />
      ${columns.length > FIRST && html`<${Finder} columns=${columns} found=${found} target=${target} kind=${kind} sought=${sought}
        seek=${look(setSought)} pick=${look(setKind)} correct=${correct} />`}
      <${Corrected} corrections=${corrections} restore=${restore} />
      <div class="scroll" tabindex="0" role="region" aria-label="Columns"><table>
        <thead><tr><th scope="col">Column</th><th scope="col">Distribution</th><th scope="col">Values</th>
          <th scope="col" class="number">Different</th><th scope="col" class="number">Missing</th></tr></thead>
        <tbody>${shown.map((column) => html`<${Row} key=${column.name} column=${column} rows=${rows} place=${columns.indexOf(column)}
          correction=${corrections[column.name]} wrong=${at(`columns.${column.name}`)} target=${column.name === target} correct=${(part) => correct([column], part)} />`)}</tbody>
      </table></div>
      ${!found.length && html`<p role="status">No column is called so.</p>`}
      ${page === null && found.length > shown.length && html`
        <button type="button" onClick=${() => setPage(0)}>Show ${found.length > PAGE ? `${PAGE} of ${number(found.length)}` : `all ${found.length}`} columns</button>`}
      ${page !== null && found.length > PAGE && html`
        <p class="pages"><button type="button" onClick=${() => setPage(page - 1)} disabled=${page === 0}>Previous</button>
          <span role="status">Columns ${number(begin + 1)} to ${number(begin + shown.length)} of ${number(found.length)}</span>
          <button type="button" onClick=${() => setPage(page + 1)} disabled=${begin + PAGE >= found.length}>Next</button></p>`}
    </section>`;
}

/** A dataset in two lines, and what to know before trusting a model of it. */
export const About = ({ dataset, counted }) => html`
  <h3 id="profile">${dataset.name}</h3>
  <p class="quiet">${number(dataset.rows)} rows, ${counted}, ${bytes(dataset.bytes)}, ${dataset.format}</p>
  ${dataset.warnings.length > 0 && html`
    <ul class="warnings" aria-label="Warnings">${dataset.warnings.map((one, index) => html`<li key=${index}>${one.message}</li>`)}</ul>`}`;

function Finder({ columns, found, target, kind, sought, seek, pick, correct }) {
  const kinds = [...new Set(columns.map((one) => one.kind))];
  const some = found.filter((one) => one.name !== target);
  return html`
    <div class="finder">
      <div class="field"><label for="sought">Find a column</label><input id="sought" type="search" value=${sought} onInput=${seek} autocomplete="off" /></div>
      <div class="field"><label for="of-kind">Of kind</label><select id="of-kind" value=${kind} onChange=${pick}>
        <option value="">any</option>${kinds.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select></div>
      ${(sought || kind) && some.length > 0 && html`<p>
        <button type="button" onClick=${() => correct(some, { use: false })}>Leave these ${number(some.length)} out</button>
        <button type="button" onClick=${() => correct(some, { use: true })}>Use them</button></p>`}
    </div>`;
}

function Corrected({ corrections, restore }) {
  const all = Object.values(corrections);
  const out = all.filter((one) => one.use === false).length;
  const kinds = all.filter((one) => one.kind).length;
  if (!all.length) return null;
  const parts = [out && `${number(out)} left out`, kinds && `${number(kinds)} of another kind`].filter(Boolean);
  return html`<p class="quiet"><span role="status">Your corrections: ${parts.join(", ")}.</span> <button type="button" class="link" onClick=${restore}>Take all as found</button></p>`;
}

function Row({ column, rows, place, correction = {}, wrong, target, correct }) {
  const { name, kind, unique, missing } = column;
  const out = correction.use === false;
  const id = `column-${place}`;
  return html`
    <tr class=${out ? "out" : ""}>
      <th scope="row"><span id=${id} class="name" title=${name}>${breakable(name)}</span>
        <span class="correct"><select aria-label="Kind" aria-describedby=${id} value=${correction.kind ?? kind} disabled=${out} onChange=${(event) => correct({ kind: event.target.value })}>
            ${(KINDS.includes(kind) ? KINDS : [...KINDS, kind]).map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select>
          ${target ? html`<small>to predict</small>`
            : html`<label><input type="checkbox" aria-describedby=${id} checked=${!out} onChange=${(event) => correct({ use: event.target.checked })} /> use</label>`}</span>
        ${wrong && html`<small class="wrong" role="status">${wrong}</small>`}</th>
      <td class="small"><${Histogram} items=${bars(column)} rows=${rows} label=${`Distribution of ${name}`} /></td>
      <td class="values">${values(column)}</td>
      <td class="number">${number(unique)}</td>
      <td class="number">${missing ? `${number(missing)} (${percent(missing, rows)})` : "0"}</td>
    </tr>`;
}

/** Returns a name that may go on in another line behind an underscore. */
const breakable = (name) => name.split(/(?<=_)/).flatMap((part) => [part, html`<wbr />`]);

function values({ kind, min, max, top, summary, lengths, earliest, latest }) {
  if (earliest) return `${earliest} to ${latest}`;
  if (kind === "text" && lengths) return `${number(lengths.words, 2)} words on average, up to ${number(lengths.longest)} characters`;
  if (kind !== "numeric" || typeof min !== "number") return top.slice(0, 4).map(([value, count]) => `${cut(value)} (${number(count)})`).join(", ");
  if (!summary) return `${number(min)} to ${number(max)}`;
  const { "5%": low, "50%": middle, "95%": high } = summary.quantiles;
  return html`${number(min)} to ${number(max)}<br /><small>median ${number(middle)}, 90 % from ${number(low)} to ${number(high)}</small>`;
}

const LONGEST = 60; // characters of a value: the rest of it says nothing here

const cut = (value) => (value.length > LONGEST ? `${value.slice(0, LONGEST)} …` : value);
