// A study that has ended goes on where it stopped, with more budget.
import { useState } from "../vendor/hooks.js";
import { once, post } from "../parts/api.js";
import { html } from "../parts/html.js";
import { ProblemBox } from "../parts/problem.js";
import { budget } from "../parts/words.js";

export function Further({ study, setStudy }) {
  const [text, setText] = useState(() => plain(study.budget));
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const asked = budget(text);

  async function go(event) {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      setStudy(await post(`/v1/studies/${study.id}/resume`, { budget: asked }, once()));
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return html`
    <details class="further"><summary>Search further</summary>
      <form class="controls" onSubmit=${go}>
        <label for="more">More budget</label>
        <input id="more" value=${text} onInput=${(event) => setText(event.target.value)} autocomplete="off"
          aria-describedby="more-hint" aria-invalid=${asked === null ? "true" : "false"} />
        <button type="submit" disabled=${busy || asked === null}>Resume</button>
        <small id="more-hint">${asked === null ? "Write 90s, 5m, 1h or 20 trials." : "The trials there are stay; a better model takes the place of this one."}</small>
      </form>
      <${ProblemBox} problem=${problem} />
    </details>`;
}

/** Returns a budget as one would type it. */
function plain({ seconds, trials }) {
  return [seconds !== null && `${seconds} s`, trials !== null && `${trials} trial${trials === 1 ? "" : "s"}`].filter(Boolean).join(", ");
}
