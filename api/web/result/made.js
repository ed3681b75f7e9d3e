// What the model is made of: its members, how their answers become one, how large it is.
import { html } from "../parts/html.js";
import { bytes, number } from "../parts/words.js";

export function Made({ study, model, report }) {
  const known = new Map((report?.members ?? []).map((one) => [one.trial, one]));
  const members = [...model.members].sort((a, b) => b.weight - a.weight);
  const heaviest = Math.max(...members.map((one) => Math.abs(one.weight)));
  return html`
    <div class="scroll"><table class="bars members" aria-label="Members">
      <thead><tr><th scope="col">Trial</th><th scope="col">Model</th><td class="bar"></td><th scope="col" class="number">Weight</th><th scope="col" class="number">In the search</th><th scope="col" class="minor">Learned from</th></tr></thead>
      <tbody>${members.map(({ trial, family, weight }) => html`
        <tr key=${trial}><th scope="row"><a href=${`#/studies/${study.id}/trials/${trial}`}>${trial}</a></th><td>${family}</td>
          <td class="bar"><svg aria-hidden="true"><rect width=${`${(100 * Math.abs(weight)) / heaviest}%`} height="100%" /></svg></td>
          <td class="number">${number(weight, 3)}</td><td class="number">${number(known.get(trial)?.value)}</td>
          <td class="minor">${learned(known.get(trial), report)}</td></tr>`)}</tbody></table></div>
    ${known.size > 0 && html`<details><summary>Their settings</summary>${members.map(({ trial, family }) => html`
      <${Recipe} key=${trial} name=${`${family}, trial ${trial}`} params=${known.get(trial)?.params ?? {}} />`)}</details>`}
    ${decided(report).map((text) => html`<p key=${text}>${text}</p>`)}
    ${model.excluded?.map((one) => html`<p key=${one.trial}>Trial ${one.trial} was left out of the file: ${one.detail}.</p>`)}
    <ul class="quiet">
      ${model.formats.map((one) => html`<li key=${one.format}>${NAMES[one.format] ?? one.format}: ${bytes(one.bytes)}, sha-256 <code>${one.sha256}</code></li>`)}
      <li>The file's answers were compared with the trained model's on real rows: the largest difference was ${number(model.parity, 2)}.</li>
    </ul>`;
}

const Recipe = ({ name, params }) => html`
  <h4>${name}</h4>
  <dl class="params">${Object.entries(params).map(([key, value]) => html`
    <div key=${key}><dt>${key}</dt><dd>${typeof value === "number" ? number(value) : String(value)}</dd></div>`)}</dl>`;

const NAMES = { onnx: "ONNX file", bundle: "Bundle", report: "Report" };

function learned(member, report) {
  return { all: "all rows", folds: `all rows but a fold, ${times(member?.fits, report?.data?.folds)}`, holdout: "the rows that did not judge it" }[member?.learned] ?? "–";
}

/** Returns how many of its folds' fits a member holds; reports of earlier versions do not say. */
function times(fits, folds) {
  if (fits === folds) return `${folds} times`;
  return fits ? `${fits} of ${folds} times` : `up to ${folds} times`;
}

/** Returns in sentences what becomes of the members' mean, where anything does. */
function decided(report) {
  const { temperature = 1, threshold = null, levels = [], factors = [] } = report?.decision ?? {};
  const told = [];
  if (report?.geometric) told.push("What is averaged is the logarithms of the members' probabilities.");
  if (report?.members?.some((one) => one.weight < 0)) told.push("A weight below zero takes back what the other members say too much.");
  if (temperature !== 1) told.push(`Its probabilities are ${temperature < 1 ? "surer" : "less sure"} than the members' mean (temperature ${number(temperature, 3)}): rows that nothing was fitted on were judged better so.`);
  if (factors.length) told.push("One class was said too seldom: its probabilities are raised.");
  if (levels.length && threshold !== null) told.push(`The class looked for is said from a probability of ${number(threshold, 3)} on, which serves the metric better than a half.`);
  else if (levels.length) told.push("It says the class whose probability is most above what is usual for it, which serves the metric better than the most probable one.");
  return told;
}
