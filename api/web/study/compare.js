// The learning curves of several trials in one drawing: those chosen, those that train, and the last ended.
import { useEffect, useMemo, useRef, useState } from "../vendor/hooks.js";
import { get } from "../parts/api.js";
import { Chart } from "../parts/chart.js";
import { html } from "../parts/html.js";
import { metricName } from "../parts/words.js";
import { byFold, longer } from "./curve.js";

export const MOST = 12; // trials in one drawing
const FILL = 6; // where fewer are chosen or train, the last ended are shown too
const POINTS = 200;
const GREY = 3;
const STYLES = [1, 2, 5, 6, 7, 8, 9, 10, 4]; // as in style.css

export function Compare({ state, chosen, choose }) {
  const { study, trials, points } = state;
  const [field, setField] = useState("valid_loss");
  const shown = useMemo(() => pick(trials, chosen), [trials, chosen]);
  const curves = useCurves(study.id, shown, points);
  const fields = [["valid_loss", "Validation loss"], ["train_loss", "Training loss"], ["value", metricName(study.metric.name)],
    ["learning_rate", "Learning rate"], ["gradient_norm", "Gradient norm"]];
  const title = fields.find(([name]) => name === field)[1];
  const styles = useStyles(shown);
  const series = useMemo(() => shown.map((trial) => ({
    name: `${trial.number} ${trial.family}${trial.state === "complete" ? "" : `, ${trial.state}`}`,
    style: trial.state === "pruned" ? GREY : styles.get(trial.number),
    lines: byFold(curves.get(trial.number) ?? []).map((fold) => fold.map((one) => [one.epoch, one[field]])),
  })).sort((a, b) => (b.style === GREY) - (a.style === GREY)), [shown, curves, field]); // grey lies below
  return html`
    <div class="filter">
      <select aria-label="Measured" value=${field} onChange=${(event) => setField(event.target.value)}>
        ${fields.map(([name, text]) => html`<option key=${name} value=${name}>${text}</option>`)}</select>
      ${chosen.length > 0 && html`<button onClick=${() => chosen.forEach(choose)}>Forget the chosen</button>`}
    </div>
    <${Chart} wide title=${title} label="epoch, a line for each fold" series=${series} />
    <p class="quiet">${chosen.length ? `Trials ${chosen.join(", ")} are chosen. ` : "The boxes in the leaderboard choose trials. "}
      Those that train are shown too, then the last that ended; pruned ones are grey.</p>`;
}

function pick(trials, chosen) {
  const found = new Map(chosen.map((number) => [number, trials.get(number)]).filter(([, trial]) => trial));
  const all = [...trials.values()];
  const rest = [
    ...all.filter((trial) => trial.state === "running").slice(-MOST),
    ...(chosen.length ? [] : all.filter((trial) => trial.epochs > 1 || trial.state === "pruned")
      .sort((a, b) => (a.finished_at < b.finished_at ? 1 : -1)).slice(0, FILL)),
  ];
  for (const trial of rest) if (found.size < Math.max(FILL, chosen.length) || (trial.state === "running" && found.size < MOST)) found.set(trial.number, trial);
  return [...found.values()];
}

/** Returns a style for each trial, which keeps it while it is shown. */
function useStyles(shown) {
  const held = useRef(new Map());
  return useMemo(() => {
    const kept = new Map(shown.map(({ number }) => [number, held.current.get(number)]).filter(([, style]) => style));
    const free = STYLES.filter((style) => ![...kept.values()].includes(style));
    for (const { number } of shown) if (!kept.has(number)) kept.set(number, free.shift() ?? STYLES[number % STYLES.length]);
    held.current = kept;
    return kept;
  }, [shown]);
}

/** Returns the curve of each trial: fetched when it comes into sight and when it ends, live in between. */
function useCurves(studyId, shown, points) {
  const [curves, setCurves] = useState(new Map());
  const asked = useRef(new Map()); // number → the state and fold in which it was fetched
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);
  useEffect(() => {
    for (const trial of shown) {
      const what = `${trial.state} ${trial.attempts} ${points.get(trial.number)?.at(-1).fold ?? ""}`;
      if (asked.current.get(trial.number) === what) continue;
      asked.current.set(trial.number, what);
      get(`/v1/studies/${studyId}/trials/${trial.number}?max_points=${POINTS}`, { signal: stop.current.signal })
        .then(({ curve }) => setCurves((old) => new Map(old).set(trial.number, curve)))
        .catch(() => asked.current.delete(trial.number)); // away: asked again with the next change
    }
    const known = new Set(shown.map((trial) => trial.number));
    for (const number of asked.current.keys()) if (!known.has(number)) asked.current.delete(number);
    setCurves((old) => ([...old.keys()].every((number) => known.has(number)) ? old
      : new Map([...old].filter(([number]) => known.has(number)))));
  }, [shown, points]);
  return useMemo(() => {
    const all = new Map(curves);
    for (const [number, live] of points) if (all.has(number)) all.set(number, longer(all.get(number), live));
    return all;
  }, [curves, points]);
}
