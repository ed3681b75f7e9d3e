// More to spend: a search that goes on gets longer, a paused or an ended one goes on where it stopped.
import { useState } from "../vendor/hooks.js";
import { once, post } from "../parts/api.js";
import { html } from "../parts/html.js";
import { ProblemBox } from "../parts/problem.js";
import { ENDED, budget } from "../parts/words.js";

const GOING = { title: "Add budget", button: "Add", hint: "The search goes on for so much longer." };
const PAUSED = { title: "Add budget", button: "Add and go on", hint: "The pause ends, and the search goes on for so much longer." };
const OVER = { title: "Search further", button: "Resume", hint: "The trials there are stay; a better model takes the place of this one." };

export function More({ study, setStudy }) {
  const [text, setText] = useState(() => plain(study.budget));
  const [open, setOpen] = useState(false);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const asked = added(text, study.budget);
  const { title, button, hint } = ENDED.includes(study.status) ? OVER : study.status === "paused" ? PAUSED : GOING;

  async function go(event) {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      setStudy(await post(`/v1/studies/${study.id}/resume`, { budget: asked }, once()));
      setOpen(false);
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  }

  return html`
    <details class="further" open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}><summary>${title}</summary>
      <form class="controls" onSubmit=${go}>
        <label for="more">More budget</label>
        <input id="more" value=${text} onInput=${(event) => setText(event.target.value)} autocomplete="off"
          aria-describedby="more-hint" aria-invalid=${asked === null ? "true" : "false"} />
        <button type="submit" disabled=${busy || asked === null}>${button}</button>
        <small id="more-hint">${asked === null ? wanted(study.budget) : hint}</small>
      </form>
      <${ProblemBox} problem=${problem} />
    </details>`;
}

/** Returns the budget that a text adds, or null: only of what there is a budget of can there be more. */
function added(text, { seconds, trials }) {
  const asked = budget(text);
  const strange = asked && ((asked.seconds !== null && seconds === null) || (asked.trials !== null && trials === null));
  return strange ? null : asked;
}

/** Returns what would be right. */
function wanted({ seconds, trials }) {
  if (seconds === null) return "The budget is a number of trials: write 20 trials.";
  return trials === null ? "The budget is a time: write 90s, 5m or 1h." : "Write 90s, 5m, 1h or 20 trials.";
}

/** Returns a budget as one would type it. */
function plain({ seconds, trials }) {
  return [seconds !== null && `${seconds} s`, trials !== null && `${trials} trial${trials === 1 ? "" : "s"}`].filter(Boolean).join(", ");
}
