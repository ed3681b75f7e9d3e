// One study, live: how far it is, what it found, and behind folded headings how it went about it.
import { useCallback, useState } from "../vendor/hooks.js";
import { useCalled } from "../parts/called.js";
import { html } from "../parts/html.js";
import { pieces } from "../parts/pieces.js";
import { ProblemBox } from "../parts/problem.js";
import { Section } from "../parts/section.js";
import { budgetText, metricName, studyFailure } from "../parts/words.js";
import { Result } from "../result/result.js";
import { Compare, MOST } from "./compare.js";
import { Families } from "./families.js";
import { Controls, Head } from "./head.js";
import { History } from "./history.js";
import { Leaderboard } from "./leaderboard.js";
import { useStudy } from "./live.js";
import { Log } from "./log.js";
import { Space } from "./space.js";
import { Timeline } from "./timeline.js";

export function StudyPage({ studyId, asked = null }) {
  const { state, online, problem, setStudy, lookBack } = useStudy(studyId);
  const [chosen, setChosen] = useState([]);
  const choose = useCallback((trial) => setChosen((old) =>
    (old.includes(trial) ? old.filter((one) => one !== trial) : [...old, trial].slice(-MOST))), []);
  const name = useCalled(state?.study);
  if (!state) return problem ? html`<${ProblemBox} problem=${problem} />` : html`<p role="status">Loading …</p>`;
  const { study, trials } = state;
  return html`
    <article>
      <header class="study">
        <h2>${pieces(name ?? "")}</h2>
        <p class="quiet">${study.task.type} of <b>${study.task.target}</b> by ${metricName(study.metric.name)} (${study.metric.direction === "maximize" ? "higher" : "lower"} is better), budget ${budgetText(study.budget)} · <a href=${`#/datasets/${study.dataset_id}`}>dataset</a> · <code>${study.id}</code></p>
      </header>
      <${ProblemBox} problem=${problem} />
      <${Head} name=${name} state=${state} online=${online} />
      <${Controls} study=${study} setStudy=${setStudy} />
      ${study.error && html`<div class="problem" role="alert"><p>${studyFailure(study.error)}</p><p>${study.error.detail}</p></div>`}
      ${study.model_id && html`<${Result} key=${study.model_id} study=${study} />`}
      <${History} state=${state} />
      <${Leaderboard} state=${state} asked=${asked} chosen=${chosen} choose=${choose} />
      ${trials.size > 0 && html`<div class="sections">
        <${Section} title="Learning curves" asked=${chosen.length > 0}><${Compare} state=${state} chosen=${chosen} choose=${choose} /><//>
        <${Section} title="Hyperparameters"><${Space} study=${study} trials=${trials} /><//>
        <${Section} title="Time by family"><${Families} study=${study} trials=${trials} /><//>
        <${Section} title="Workers"><${Timeline} state=${state} lookBack=${lookBack} /><//>
        <${Section} title="Log"><${Log} state=${state} lookBack=${lookBack} /><//>
      </div>`}
    </article>`;
}
