// Which family gets the time, and what it made of it.
import { useMemo } from "../vendor/hooks.js";
import { html } from "../parts/html.js";
import { pieces } from "../parts/pieces.js";
import { duration, metricName, number, percent } from "../parts/words.js";

export function Families({ study, trials }) {
  const rows = useMemo(() => byFamily(trials, study.metric), [trials, study.metric.direction]);
  const all = rows.reduce((sum, row) => sum + row.seconds, 0);
  const most = Math.max(...rows.map((row) => row.seconds)) || 1;
  return html`
    <div class="scroll"><table class="families" aria-label="Time by family">
      <thead><tr><th scope="col">Family</th><th scope="col">Seconds of its trials</th><th scope="col" class="number minor">Share</th>
        <th scope="col" class="number">Trials</th><th scope="col" class="number minor">Without a value</th>
        <th scope="col" class="number">Best ${metricName(study.metric.name)}</th></tr></thead>
      <tbody>${rows.map((row) => html`<tr key=${row.family}><th scope="row">${pieces(row.family)}</th>
        <td class="bar"><svg height="18" aria-hidden="true"><rect width=${`${(100 * row.seconds) / most}%`} height="100%" /></svg><span>${duration(row.seconds)}</span></td>
        <td class="number minor">${all ? percent(row.seconds, all) : "–"}</td><td class="number">${number(row.trials)}</td>
        <td class="number minor">${number(row.without)}</td><td class="number">${number(row.best)}</td></tr>`)}</tbody>
    </table></div>
    <p class="quiet">The time of ended trials, added up over all workers; several may have trained at once.</p>`;
}

function byFamily(trials, { direction }) {
  const better = direction === "maximize" ? Math.max : Math.min;
  const found = new Map();
  for (const { family, seconds, state, value } of trials.values()) {
    if (!family) continue;
    const row = found.get(family) ?? { family, seconds: 0, trials: 0, without: 0, best: null };
    found.set(family, row);
    row.seconds += seconds ?? 0;
    row.trials += 1;
    row.without += ["pruned", "failed", "cancelled"].includes(state);
    if (value !== null) row.best = row.best === null ? value : better(row.best, value);
  }
  return [...found.values()].sort((a, b) => b.seconds - a.seconds);
}
