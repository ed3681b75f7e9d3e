// What the model says of a row: asked a moment after the last change, the last answer wins.
import { useEffect, useState } from "../vendor/hooks.js";
import { request } from "../parts/api.js";
import { html } from "../parts/html.js";
import { number } from "../parts/words.js";
import { Bars } from "./bars.js";

const WAIT = 200; // ms
const CLASSES = 10;

/**
 * Asks the model whenever the question is another one; returns {said, problem, waiting}.
 *
 * @param question {body, headers} of the request, or null: nothing to ask
 */
export function useAnswer(modelId, question) {
  const [found, setFound] = useState({});
  useEffect(() => {
    if (!question) return undefined;
    const stop = new AbortController();
    const { signal } = stop;
    const ask = async () => {
      const begun = performance.now();
      const response = await request(`/v1/models/${modelId}/predict`, { method: "POST", signal, ...question });
      const answer = await response.json();
      if (!signal.aborted) setFound({ said: { ...answer, milliseconds: performance.now() - begun } });
    };
    setFound((known) => ({ ...known, waiting: true }));
    const timer = setTimeout(() => ask().catch((problem) => signal.aborted || setFound((known) => ({ said: known.said, problem }))), WAIT);
    return () => { clearTimeout(timer); stop.abort(); };
  }, [modelId, question]);
  return found;
}

/** Shows a prediction; `known` is what the data say of the same row, where they do. */
export function Answer({ target, found: { said, problem, waiting }, known }) {
  const stale = Boolean(problem) || waiting;
  return html`
    <aside class="answer" aria-label="Prediction" aria-busy=${waiting ? "true" : "false"}>
      ${said && html`
        <div class=${stale ? "stale" : ""}>
          <p role="status"><bdi>${target}</bdi>: <b class="said"><bdi>${word(said.predictions[0])}</bdi></b></p>
          ${said.predictions.length > 1 && html`<p class="quiet">the first of ${number(said.predictions.length)} rows</p>`}
          ${said.probabilities && html`<${Bars} label="Probabilities" head=${["Class", "Probability"]} rows=${likeliest(said)} />`}
          <p class="quiet">${known !== undefined && known !== null && html`the data say <b><bdi>${word(known)}</bdi></b> · `}answered in ${number(said.milliseconds, 2)} ms, the way there and back included</p>
        </div>`}
      ${problem && html`<div class="problem" role="alert"><p>${problem.message}</p></div>`}
      ${!said && !problem && html`<p class="quiet">${waiting ? "Asking the model …" : "Nothing was asked yet."}</p>`}
    </aside>`;
}

function likeliest({ classes, probabilities: [shares], predictions: [label] }) {
  return classes.map((name, index) => ({
    name, value: shares[index], text: `${number(100 * shares[index], 3)} %`, badge: name === label && "said",
  })).sort((a, b) => b.value - a.value).slice(0, CLASSES);
}

const word = (value) => (typeof value === "number" ? number(value, 5) : String(value));
