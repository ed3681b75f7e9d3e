// How far a study is, in numbers, and what can be done with it.
import { useEffect, useState } from "../vendor/hooks.js";
import { once, post } from "../parts/api.js";
import { html } from "../parts/html.js";
import { ProblemBox } from "../parts/problem.js";
import { useTick } from "../parts/tick.js";
import { ENDED, STATUS, duration, number } from "../parts/words.js";
import { counts, progress, total } from "./fold.js";
import { More } from "./more.js";

/** Shows in the tab how far the study is, for whoever looks elsewhere meanwhile. */
function useTitle(name, study, fraction) {
  const title = ENDED.includes(study.status) ? `${STATUS[study.status]}: ${name}` : `${Math.floor(100 * fraction)} % ${name}`;
  useEffect(() => { document.title = title; }, [title]);
  useEffect(() => () => { document.title = "AutoML"; }, []);
}

export function Head({ name, state, online }) {
  const { study } = state;
  useTick(study.status === "running");
  const { fraction, elapsed, left } = progress(state);
  useTitle(name, study, fraction);
  const found = counts(state);
  const parts = ["complete", "running", "waiting", "pruned", "failed", "cancelled"]
    .filter((name) => found[name]).map((name) => `${found[name]} ${name}`);
  return html`
    <section class="head" aria-label="Progress">
      <p class="status"><span role="status" class=${`state ${study.status}`}>${STATUS[study.status] ?? study.status}</span>
        <span role="status" class="offline">${online ? "" : "Reconnecting …"}</span></p>
      <progress aria-label="Progress of the study" max="1" value=${fraction}></progress>
      <dl class="facts">
        <div><dt>${ENDED.includes(study.status) ? "Best trial" : "Best so far"}</dt><dd aria-live="polite">${study.best ? number(study.best.value) : "–"}</dd>
          <dd class="quiet">${study.best ? `trial ${study.best.trial}, ${study.best.family}` : "no trial is complete"}</dd></div>
        <div><dt>Baseline</dt><dd>${number(study.baseline.value)}</dd><dd class="quiet">always the same guess</dd></div>
        <div><dt>Time</dt><dd>${duration(elapsed)}</dd>
          <dd class="quiet">${ENDED.includes(study.status) ? "in all" : left === null ? " " : `about ${duration(Math.ceil(left))} left`}</dd></div>
        <div><dt>Trials</dt><dd>${number(total(found))}</dd><dd class="quiet">${parts.join(", ") || "none yet"}</dd></div>
      </dl>
    </section>`;
}

const ASKING = { cancel: "Cancelling …", pause: "Pausing …", resume: "Resuming …" };

export function Controls({ study, setStudy }) {
  const [asking, setAsking] = useState(null);
  const [problem, setProblem] = useState(null);
  const { status } = study;

  async function ask(verb) {
    setAsking(verb);
    setProblem(null);
    try {
      setStudy(await post(`/v1/studies/${study.id}/${verb}`, undefined, verb === "resume" ? once() : {}));
    } catch (error) {
      setProblem(error);
    }
    setAsking(null);
  }

  const more = html`<${More} study=${study} setStudy=${setStudy} />`;
  if (ENDED.includes(status)) return more;
  const button = (verb, label) => html`
    <button onClick=${() => ask(verb)} disabled=${asking !== null}>${asking === verb ? ASKING[verb] : label}</button>`;
  return html`
    <div class="controls">
      ${(status === "running" || status === "queued") && button("pause", "Pause")}
      ${status === "paused" && button("resume", "Resume")}
      ${status !== "finalizing" && button("cancel", "Cancel")}
      <${ProblemBox} problem=${problem} />
    </div>
    ${status !== "finalizing" && more}`;
}
