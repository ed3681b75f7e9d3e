// ROC, precision–recall and calibration of one class, and what a threshold makes of them.
import { useState } from "../vendor/hooks.js";
import { html } from "../parts/html.js";
import { number } from "../parts/words.js";
import { Plot, SHARES } from "./plot.js";
import { alarmed, f1, own, precision, recall, steps } from "./steps.js";

export function Ranking({ report }) {
  const { classification: found, decision } = report;
  const curves = found.curves.filter((one) => one.roc.length);
  const [chosen, setChosen] = useState(0);
  const curve = curves[chosen];
  return html`
    ${curves.length > 1 && html`
      <div class="field short"><label for="ranked">Class</label>
        <select id="ranked" value=${chosen} onChange=${(event) => setChosen(Number(event.target.value))}>${curves.map((one, index) => html`
          <option key=${index} value=${index}>${one.label}</option>`)}</select>
        <small>against all others</small></div>`}
    <${OneCurve} key=${chosen} curve=${curve} found=${found} threshold=${decision?.threshold} />`;
}

function OneCurve({ curve, found, threshold }) {
  const places = steps(curve, found);
  const start = own(places, curve, found, threshold);
  const [place, setPlace] = useState(start);
  const at = places[place];
  const two = found.classes.length === 2;
  const told = `finds ${percent(recall(at))} with ${percent(precision(at))} right`;
  return html`
    <p>Each row gets a probability of being <b><bdi>${curve.label}</bdi></b>. From which one on is it said?
      ${two ? " A lower threshold finds more of them and raises more false alarms." : " The model itself compares all classes; this is what each threshold would make of one."}</p>
    <div class="threshold">
      <label for="threshold">Threshold</label>
      <output for="threshold">${at.threshold === null ? `${place + 1} of ${places.length}` : number(at.threshold, 3)}</output>
      <input id="threshold" type="range" min="0" max=${places.length - 1} step="1" value=${place}
        aria-valuetext=${at.threshold === null ? told : `${number(at.threshold, 3)}: ${told}`} onInput=${(event) => setPlace(Number(event.target.value))} />
      <small>at the least sign</small><small class="end">only when sure</small>
      <button onClick=${() => setPlace(start)} disabled=${place === start}>${two ? "The model's own" : "The best F1"}</button>
    </div>
    <div class="columns">
      <dl class="facts four" aria-label="At this threshold">
        <div><dt>Precision</dt><dd>${number(precision(at), 3)}</dd><dd class="quiet">right when it says so</dd></div>
        <div><dt>Recall</dt><dd>${number(recall(at), 3)}</dd><dd class="quiet">found of all there are</dd></div>
        <div><dt>F1</dt><dd>${number(f1(at), 3)}</dd><dd class="quiet">both in one</dd></div>
        <div><dt>False alarms</dt><dd>${number(alarmed(at), 3)}</dd><dd class="quiet">of all the others</dd></div>
      </dl>
      <${Counts} at=${at} />
    </div>
    <div class="charts three">
      <${Plot} title="ROC" spoken=${`Area ${number(curve.roc_auc)}. At this threshold ${percent(recall(at))} found, ${percent(alarmed(at))} false alarms.`}
        x=${{ label: "false alarms", ...SHARES }} y=${{ label: "found (recall)", ...SHARES }} layers=${[
          { style: 3, line: [[0, 0], [1, 1]] }, { style: 1, line: curve.roc }, { style: 2, ring: [alarmed(at), recall(at)] }]}>
        Area ${number(curve.roc_auc)}; the diagonal is guessing.<//>
      <${Plot} title="Precision and recall" spoken=${`Average precision ${number(curve.average_precision)}. At this threshold precision ${number(precision(at), 3)}, recall ${number(recall(at), 3)}.`}
        x=${{ label: "found (recall)", ...SHARES }} y=${{ label: "right (precision)", ...SHARES }} layers=${[
          { style: 1, line: curve.precision_recall }, ...(precision(at) === null ? [] : [{ style: 2, ring: [recall(at), precision(at)] }])]}>
        Average precision ${number(curve.average_precision)}; high is good.<//>
      <${Calibration} curve=${curve} threshold=${at.threshold} />
    </div>`;
}

function Counts({ at }) {
  return html`
    <table class="counts" aria-label="Rows at this threshold">
      <thead><tr><td></td><th scope="col" class="number">said</th><th scope="col" class="number">not said</th></tr></thead>
      <tbody>
        <tr><th scope="row">is one</th><td class="number right"><b>${number(at.hits)}</b> found</td><td class="number wrong"><b>${number(at.misses)}</b> missed</td></tr>
        <tr><th scope="row">is none</th><td class="number wrong"><b>${number(at.alarms)}</b> false alarms</td><td class="number right"><b>${number(at.rest)}</b> rightly not</td></tr>
      </tbody></table>`;
}

function Calibration({ curve, threshold }) {
  const bins = curve.calibration;
  if (!bins.length) return null;
  const spoken = bins.map((one) => `predicted ${percent(one.predicted)}, so in ${percent(one.observed)}`).join("; ");
  const line = threshold === null ? [] : [{ style: 2, line: [[threshold, 0], [threshold, 1]] }];
  return html`
    <${Plot} title="Calibration" spoken=${spoken} x=${{ label: "predicted probability", ...SHARES }} y=${{ label: "how often it was so", ...SHARES }} layers=${[
      { style: 3, line: [[0, 0], [1, 1]] }, ...line,
      { style: 1, line: bins.map((one) => [one.predicted, one.observed]) }, { style: 1, dots: bins.map((one) => [one.predicted, one.observed]) }]}>
      Near the diagonal the probabilities can be believed.<//>`;
}

const percent = (share) => (share === null ? "–" : `${number(100 * share, 3)} %`);
