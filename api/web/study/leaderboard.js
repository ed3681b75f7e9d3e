// The trials as a table: sorted, filtered, and of many only those in sight are there. A row opens its trial.
import { useEffect, useMemo, useRef, useState } from "../vendor/hooks.js";
import { html } from "../parts/html.js";
import { pieces } from "../parts/pieces.js";
import { useSize } from "../parts/size.js";
import { duration, metricName, number } from "../parts/words.js";
import { EVERYTHING, filtered, sorted } from "./order.js";
import { Trial } from "./trial.js";

const ROW = 38; // px, as in study.css: which rows are in sight is reckoned, not measured
const FEW = 60; // so many rows are all there
const AROUND = 15; // rows beyond either end of what is in sight

export function Leaderboard({ state, asked, chosen, choose }) {
  const { study, trials, points, whole } = state;
  const [open, setOpen] = useState(asked);
  const [order, setOrder] = useState({ by: "value", down: false });
  const [filter, setFilter] = useState(EVERYTHING);
  const all = useMemo(() => [...trials.values()], [trials]);
  const rows = useMemo(() => sorted(filtered(all, filter), order, study.metric), [all, filter, order, study.metric.direction]);
  if (!all.length) return html`<section><h3>Leaderboard</h3><p class="quiet">No trial has started yet.</p></section>`;
  return html`
    <section aria-labelledby="leaderboard"><h3 id="leaderboard">Leaderboard</h3>
      ${all.length > 1 && html`<${Filter} trials=${all} filter=${filter} setFilter=${setFilter} />`}
      ${(rows.length < all.length || !whole) && html`<p class="quiet" role="status">${rows.length < all.length
        && `${number(rows.length)} of ${number(all.length)} trials.`}${!whole && ` More trials are coming in: ${number(all.length)} so far.`}</p>`}
      <${Table} study=${study} rows=${rows} points=${points} open=${open} setOpen=${setOpen} order=${order} setOrder=${setOrder}
        asked=${asked} chosen=${chosen} choose=${choose} />
    </section>`;
}

function Filter({ trials, filter, setFilter }) {
  const field = (name) => (event) => setFilter({ ...filter, [name]: event.target.value });
  const select = (name, label) => html`
    <select aria-label=${label} value=${filter[name]} onChange=${field(name)}>
      <option value="">${label === "Family" ? "every family" : "every state"}</option>
      ${tally(trials, name).map(([value, count]) => html`<option key=${value} value=${value}>${value} (${number(count)})</option>`)}
    </select>`;
  return html`
    <div class="filter" role="search" aria-label="Trials">
      <input type="search" aria-label="Find trials" placeholder="Find: 17, mlp, lr=0.01 …" value=${filter.text} onInput=${field("text")} />
      ${select("family", "Family")} ${select("state", "State")}
    </div>`;
}

function tally(trials, name) {
  const found = new Map();
  for (const trial of trials) if (trial[name]) found.set(trial[name], (found.get(trial[name]) ?? 0) + 1);
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

function Table({ study, rows, points, open, setOpen, order, setOrder, asked, chosen, choose }) {
  const [top, setTop] = useState(0);
  const box = useRef(null);
  const detail = useRef(null);
  const { height } = useSize(box, { width: 0, height: 640 });
  const [tall, setTall] = useState(0); // of the open trial
  const at = open === null ? -1 : rows.findIndex((trial) => trial.number === open);
  useEffect(() => {
    if (!detail.current) return undefined;
    const watcher = new ResizeObserver(([{ target }]) => setTall(target.offsetHeight));
    watcher.observe(detail.current);
    return () => watcher.disconnect();
  });
  const many = rows.length > FEW;
  useEffect(() => { // what is open adds to the list's height instead of filling it
    box.current.style.maxHeight = many && at >= 0 ? `calc(min(70vh, 44rem) + ${tall}px)` : "";
  }, [many, at >= 0, tall]);
  useEffect(() => { // an address may name a trial: it is brought into sight
    if (asked === null || at < 0) return;
    if (many) box.current.scrollTop = at * ROW;
    (detail.current ?? box.current).scrollIntoView({ block: "center" });
  }, [asked, at < 0]);
  const [from, to] = many ? sight(rows.length, top, height, at, at < 0 ? 0 : tall) : [0, rows.length];
  const extra = (first, last) => (last - first) * ROW + (at >= first && at < last ? tall : 0);
  const columns = [
    { by: "number", name: "Trial" }, { by: "family", name: "Model" },
    { by: "value", name: metricName(study.metric.name), is: "number" }, { by: "state", name: "State" },
    { by: "epochs", name: "Epochs", is: "number minor" }, { by: "seconds", name: "Time", is: "number minor" },
  ];
  const sort = (by) => setOrder({ by, down: order.by === by && !order.down });
  return html`
    <div class=${`scroll${many ? " long" : ""}`} ref=${box} onScroll=${many ? (event) => setTop(event.currentTarget.scrollTop) : undefined}>
      <table class="trials" aria-rowcount=${rows.length + 1}>
        <thead><tr>${columns.map(({ by, name, is = "" }) => html`
          <th key=${by} scope="col" class=${is} aria-sort=${order.by === by ? (order.down ? "descending" : "ascending") : undefined}>
            <input type="button" class="sort" value=${name} title=${`Sort by ${name}`} onClick=${() => sort(by)} /></th>`)}</tr></thead>
        <tbody>
          ${from > 0 && html`<${Gap} key="above" height=${extra(0, from)} />`}
          ${rows.slice(from, to).map((trial, index) => html`
            <${Row} key=${trial.number} trial=${trial} point=${points.get(trial.number)?.at(-1)} place=${from + index + 2}
              best=${study.best?.trial === trial.number} open=${open === trial.number}
              chosen=${chosen.includes(trial.number)} choose=${choose}
              toggle=${() => setOpen(open === trial.number ? null : trial.number)} />
            ${open === trial.number && html`<tr class="detail" key="open" id=${`trial-${trial.number}`} ref=${detail}>
              <td colspan="6"><${Trial} key=${trial.number} study=${study} trial=${trial} live=${points.get(trial.number)} /></td></tr>`}`)}
          ${to < rows.length && html`<${Gap} key="below" height=${extra(to, rows.length)} />`}
        </tbody>
      </table>
      ${!rows.length && html`<p class="quiet">No trial is like that.</p>`}
    </div>`;
}

/** Returns the first row that is in sight, and the one behind the last; row `at` is `tall` px taller. */
function sight(count, top, height, at, tall) {
  const row = (y) => {
    const below = (at + 1) * ROW;
    if (at < 0 || y < below) return Math.floor(y / ROW);
    return y < below + tall ? at : Math.floor((y - tall) / ROW);
  };
  const last = Math.min(count, row(top + height) + AROUND);
  return [Math.max(0, Math.min(row(top) - AROUND, last - 2 * AROUND)), last];
}

function Gap({ height }) {
  const row = useRef(null);
  useEffect(() => { row.current.style.height = `${height}px`; }, [height]); // no style attribute: the policy forbids them
  return html`<tr class="gap" aria-hidden="true" ref=${row}><td colspan="6"></td></tr>`;
}

function Row({ trial, point, place, best, open, toggle, chosen, choose }) {
  const training = trial.state === "running" && point;
  return html`
    <tr class=${best ? "best" : ""} aria-rowindex=${place} onClick=${(event) => event.target.closest("button, input") || toggle()}>
      <th scope="row"><input type="checkbox" aria-label=${`Compare trial ${trial.number}`} checked=${chosen} onChange=${() => choose(trial.number)} />
        <button class="link" aria-expanded=${open ? "true" : "false"} aria-controls=${`trial-${trial.number}`} onClick=${toggle}>
        <span aria-hidden="true">${open ? "▾" : "▸"}</span> ${trial.number}</button></th>
      <td title=${trial.family}><span class="family">${pieces(trial.family ?? "")}</span>${best && html` <span class="badge">best</span>`}</td>
      <td class="number">${trial.value !== null ? number(trial.value) : training && point.value !== null
        ? html`<span class="quiet">${number(point.value)}</span>` : "–"}</td>
      <td><span class=${`state ${trial.state}`}>${trial.state}</span></td>
      <td class="number minor">${trial.epochs ?? (training ? point.epoch : "–")}</td>
      <td class="number minor">${duration(trial.seconds)}</td>
    </tr>`;
}
