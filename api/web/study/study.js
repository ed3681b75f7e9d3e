// One study, live: the log is followed over one stream, and what it says is folded in.
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { get, once, post } from "../parts/api.js";
import { Chart } from "../parts/chart.js";
import { follow } from "./events.js";
import { begin, counts, fold, leaderboard, progress, refresh } from "./fold.js";
import { Further } from "./further.js";
import { html } from "../parts/html.js";
import { Leaderboard } from "./leaderboard.js";
import { ProblemBox } from "../parts/problem.js";
import { Result } from "../result/result.js";
import { ENDED, STATUS, budgetText, duration, metricName, number, studyFailure } from "../parts/words.js";

const DRAW = 150; // ms: a burst of events is drawn once
const PAGE = 500;

export function StudyPage({ studyId }) {
  const { state, online, problem, setStudy } = useStudy(studyId);
  if (!state) return problem ? html`<${ProblemBox} problem=${problem} />` : html`<p role="status">Loading …</p>`;
  const { study } = state;
  return html`
    <article>
      <header class="study">
        <h2>${study.name ?? study.id}</h2>
        <p class="quiet">${study.task.type} of <b>${study.task.target}</b> by ${metricName(study.metric.name)} (${study.metric.direction === "maximize" ? "higher" : "lower"} is better), budget ${budgetText(study.budget)} · <a href=${`#/datasets/${study.dataset_id}`}>dataset</a></p>
      </header>
      <${ProblemBox} problem=${problem} />
      <${Head} state=${state} online=${online} />
      <${Controls} study=${study} setStudy=${setStudy} />
      ${study.error && html`<div class="problem" role="alert"><p>${studyFailure(study.error)}</p><p>${study.error.detail}</p></div>`}
      ${study.model_id && html`<${Result} key=${study.model_id} study=${study} />`}
      <${History} state=${state} />
      <${Leaderboard} study=${study} rows=${leaderboard(state)} points=${state.points} />
    </article>`;
}

/** Follows a study: a snapshot first, then its events behind it. */
function useStudy(studyId) {
  const [state, setState] = useState(null);
  const [online, setOnline] = useState(true);
  const [problem, setProblem] = useState(null);
  const held = useRef(null);
  const again = useRef(0);
  const [round, setRound] = useState(0);

  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    let timer = null;
    const draw = () => {
      timer ??= setTimeout(() => { timer = null; setState(held.current); }, DRAW);
    };
    const look = async () => {
      const mine = ++again.current;
      try {
        const study = await get(`/v1/studies/${studyId}`, { signal });
        if (mine !== again.current) return;
        held.current = refresh(held.current, study);
        draw();
      } catch { /* the stream comes back, and then we look again */ }
    };
    let broken = false;
    const run = async () => {
      const study = await get(`/v1/studies/${encodeURIComponent(studyId)}`, { signal });
      held.current = begin(study, await everyTrial(studyId, signal));
      setState(held.current);
      await follow(studyId, study.last_seq, {
        signal,
        take: (event) => {
          held.current = fold(held.current, event);
          draw();
          if (event.type.startsWith("study.") && event.type !== "study.best") look();
        },
        connected: (is) => {
          setOnline(is);
          if (is && broken) look();
          broken = !is;
        },
        gone: setProblem,
      });
    };
    const retry = () => run().catch((error) => {
      if (signal.aborted) return;
      setProblem(error);
      if (error.status === undefined || error.status >= 500) timer = setTimeout(() => { timer = null; setProblem(null); retry(); }, 2000);
    });
    setProblem(null);
    setOnline(true);
    retry();
    return () => { stop.abort(); clearTimeout(timer); again.current += 1; };
  }, [studyId, round]);

  const setStudy = (study) => {
    const over = ENDED.includes(held.current.study.status) && !ENDED.includes(study.status);
    held.current = refresh(held.current, study);
    again.current += 1;
    setState(held.current);
    if (over) setRound((one) => one + 1); // an ended study goes on: its stream had ended
  };
  return { state: state?.study.id === studyId ? state : null, online, problem, setStudy };
}

async function everyTrial(studyId, signal) {
  const found = [];
  let cursor = "";
  do {
    const page = await get(`/v1/studies/${studyId}/trials?limit=${PAGE}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, { signal });
    found.push(...page.items);
    cursor = page.next_cursor ?? "";
  } while (cursor);
  return found;
}

/** Shows in the tab how far the study is, for whoever looks elsewhere meanwhile. */
function useTitle(study, fraction) {
  const name = study.name ?? study.id;
  const title = ENDED.includes(study.status) ? `${STATUS[study.status]}: ${name}` : `${Math.floor(100 * fraction)} % ${name}`;
  useEffect(() => { document.title = title; }, [title]);
  useEffect(() => () => { document.title = "AutoML"; }, []);
}

function Head({ state, online }) {
  const [, tick] = useState(0);
  const { study } = state;
  const moving = study.status === "running";
  useEffect(() => {
    if (!moving) return undefined;
    const timer = setInterval(() => tick((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, [moving]);
  const { fraction, elapsed, left } = progress(state);
  useTitle(study, fraction);
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
        <div><dt>Trials</dt><dd>${number(state.trials.size)}</dd><dd class="quiet">${parts.join(", ") || "none yet"}</dd></div>
      </dl>
    </section>`;
}

const ASKING = { cancel: "Cancelling …", pause: "Pausing …", resume: "Resuming …" };

function Controls({ study, setStudy }) {
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

  if (ENDED.includes(status)) return html`<${Further} study=${study} setStudy=${setStudy} />`;
  const button = (verb, label) => html`
    <button onClick=${() => ask(verb)} disabled=${asking !== null}>${asking === verb ? ASKING[verb] : label}</button>`;
  return html`
    <div class="controls">
      ${(status === "running" || status === "queued") && button("pause", "Pause")}
      ${status === "paused" && button("resume", "Resume")}
      ${status !== "finalizing" && button("cancel", "Cancel")}
      <${ProblemBox} problem=${problem} />
    </div>`;
}

function History({ state }) {
  const { study, trials } = state;
  const points = [...trials.values()].filter((trial) => trial.state === "complete")
    .sort((a, b) => a.number - b.number).map((trial) => [trial.number, trial.value]);
  if (points.length < 2) return null;
  const better = study.metric.direction === "maximize" ? Math.max : Math.min;
  const best = [];
  for (const [index, value] of points) best.push([index, best.length ? better(best.at(-1)[1], value) : value]);
  const [first, last] = [points[0][0], points.at(-1)[0]];
  const base = study.baseline.value;
  return html`
    <section aria-labelledby="history"><h3 id="history">The search</h3>
      <${Chart} title=${`${metricName(study.metric.name)} by trial`} label="trial" series=${[
        { name: "trials", style: 3, dots: true, lines: [points] },
        { name: "best so far", style: 1, lines: [best] },
        { name: "baseline", style: 4, lines: [[[first, base], [last, base]]] },
      ]} /></section>`;
}
