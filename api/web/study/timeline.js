// A lane for each worker: which attempts at which trials it made, and how they ended.
import { useEffect, useMemo, useRef, useState } from "../vendor/hooks.js";
import { axis, under } from "../parts/axis.js";
import { html } from "../parts/html.js";
import { useSize } from "../parts/size.js";
import { duration, number, percent } from "../parts/words.js";
import { attempts } from "./attempts.js";
import { progress } from "./fold.js";

const [LANE, BAR, LEFT, BOTTOM] = [26, 16, 22, 24];
const LANES = 40;
const KINDS = { complete: "complete", running: "training", pruned: "stopped early", failed: "failed", cancelled: "cancelled", waiting: "given back", lost: "lost its worker or crashed" };
const SPANS = [["", "the whole study"], ["3600", "the last hour"], ["300", "the last 5 minutes"]];

export function Timeline({ state, lookBack }) {
  const { trials, log, logFrom } = state;
  useEffect(() => { lookBack(); }, [logFrom]);
  const made = useMemo(() => attempts({ trials, log }), [trials, log]);
  if (!made.length) return html`<p class="quiet">No worker has begun a trial yet.</p>`;
  return html`<${Lanes} state=${state} made=${made} />`;
}

function Lanes({ state, made }) {
  const { study } = state;
  const [span, setSpan] = useState("");
  const box = useRef(null);
  const { width } = useSize(box, { width: 700 });
  const end = latest(made, study.started_at ? Date.parse(study.started_at) + 1000 * progress(state).elapsed : 0);
  const begin = Math.max(made[0].from, span ? end - 1000 * Number(span) : 0);
  const lanes = byWorker(made.filter(({ to }) => (to ?? end) >= begin), begin, end);
  const shown = lanes.slice(0, LANES);
  const scale = axis([0, Math.max(1, (end - begin) / 1000)], LEFT, width - 4, "time", width < 500 ? 4 : 7);
  const height = shown.length * LANE + BOTTOM;
  return html`
    <div class="filter"><select aria-label="Span" value=${span} onChange=${(event) => setSpan(event.target.value)}>
      ${SPANS.map(([value, text]) => html`<option key=${value} value=${value}>${text}</option>`)}</select></div>
    <div class="timeline" ref=${box}>
      <svg viewBox="0 0 ${width} ${height}" height=${height} role="img" aria-label=${`Timeline of ${lanes.length} workers and ${made.length} attempts`}>
        ${scale.ticks.map(({ value, text }) => html`<g key=${value}><line class="grid" x1=${scale.at(value)} x2=${scale.at(value)} y1="0" y2=${height - BOTTOM} />
          <text ...${under(scale.at(value), text, width)} y=${height - 8}>${text}</text></g>`)}
        ${shown.map((lane, index) => html`<text key=${lane.worker} x="0" y=${(index + 0.5) * LANE + 4}>${index + 1}</text>`)}
        ${shown.map((lane, index) => bars(lane.attempts, (at) => scale.at(Math.max(0, (at - begin) / 1000)), end).map((bar) => html`
          <rect key=${`${lane.worker} ${bar.from}`} class=${`at ${bar.state}`} x=${bar.left} y=${index * LANE + (LANE - BAR) / 2} width=${bar.right - bar.left} height=${BAR}><title>${bar.text}</title></rect>`))}
      </svg></div>
    <ul class="legend">${Object.entries(KINDS).filter(([kind]) => made.some((one) => one.state === kind)).map(([kind, text]) => html`<li key=${kind} class=${`at ${kind}`}>${text}</li>`)}</ul>
    <div class="scroll"><table aria-label="Workers">
      <thead><tr><th scope="col">Worker</th><th scope="col">Now</th><th scope="col" class="number">Attempts</th><th scope="col" class="number minor">Lost</th><th scope="col" class="number">Busy</th></tr></thead>
      <tbody>${lanes.map((lane, index) => html`<tr key=${lane.worker}><th scope="row">${index + 1} · ${lane.worker}</th>
        <td>${lane.now ? `trial ${lane.now.trial}, ${lane.now.family}` : "–"}</td><td class="number">${number(lane.attempts.length)}</td>
        <td class="number minor">${number(lane.lost)}</td><td class="number">${percent(lane.busy, Math.max(1, end - begin))}</td></tr>`)}</tbody></table></div>
    ${lanes.length > LANES && html`<p class="quiet">Of ${number(lanes.length)} workers the first ${LANES} are drawn.</p>`}`;
}

/** Returns the last moment there is anything to say of. */
function latest(made, now) {
  let last = now;
  for (const { from, to } of made) last = Math.max(last, to ?? from);
  return last;
}

function byWorker(made, begin, end) {
  const found = new Map();
  for (const one of made) {
    const lane = found.get(one.worker) ?? { worker: one.worker, attempts: [], lost: 0, busy: 0, now: null };
    found.set(one.worker, lane);
    lane.attempts.push(one);
    lane.lost += one.state === "lost";
    lane.busy += (one.to ?? end) - Math.max(begin, one.from);
    if (one.to === null) lane.now = one;
  }
  return [...found.values()].sort((a, b) => (a.worker < b.worker ? -1 : 1));
}

/** Returns what to draw of a lane: what would be thinner than a pixel is drawn as one with its neighbour. */
function bars(made, at, end) {
  const found = [];
  for (const one of made) {
    const [left, right] = [at(one.from), at(one.to ?? end)];
    const last = found.at(-1);
    if (last && last.state === one.state && last.right - last.left < 1.5 && left - last.right < 0.5) {
      last.right = Math.max(last.right, right);
      last.count += 1;
      last.text = `${last.count} attempts, ${KINDS[one.state]}`;
    } else {
      const seconds = ((one.to ?? end) - one.from) / 1000;
      const text = `trial ${one.trial}, ${one.family}${one.attempt > 1 ? `, attempt ${one.attempt}` : ""}: ${KINDS[one.state]}, ${duration(seconds)}`;
      found.push({ left, right: Math.max(left + 1, right), from: one.from, state: one.state, text, count: 1 });
    }
  }
  return found;
}
