// What the page knows of a study, and how an event changes it. Values are replaced, never edited.

/** Returns the state of a study and its trials as the service showed them. */
export function begin(study, trials) {
  return {
    study,
    seenAt: performance.now(),
    trials: new Map(trials.map((trial) => [trial.number, trial])),
    points: new Map(), // the newest point of each trial that is training
  };
}

/** Returns the state with a newer look at the study itself. */
export const refresh = (state, study) => ({ ...state, study, seenAt: performance.now() });

/** Returns the state after an event. Events the snapshot has already seen change nothing. */
export function fold(state, { type, data, at }) {
  const [subject, verb] = type.split(".");
  if (subject === "trial") return foldTrial(state, verb, data, at);
  if (type === "study.best") return { ...state, study: { ...state.study, best: { ...data } } };
  return state; // everything else about a study is looked up: it is rare, and says more
}

const STATES = {
  started: "running", completed: "complete", pruned: "pruned", failed: "failed", cancelled: "cancelled",
  released: "waiting", retried: "waiting",
};

function foldTrial(state, verb, data, at) {
  const before = state.trials.get(data.trial) ?? blank(data.trial);
  if (verb === "epoch") {
    return { ...state, points: new Map(state.points).set(data.trial, data) };
  }
  const after = { ...before, ...known(data), state: STATES[verb] ?? before.state };
  if (verb === "started") after.started_at = at;
  else after.finished_at = after.state === "waiting" ? null : at;
  if (after.state === "waiting") after.reason = null;
  return { ...state, trials: new Map(state.trials).set(data.trial, after) };
}

function known({ family, params, value, reason, attempt, worker, seconds, epochs }) {
  const given = { family, params, value, reason, attempts: attempt, worker, seconds, epochs };
  return Object.fromEntries(Object.entries(given).filter(([, item]) => item !== undefined));
}

const blank = (number) => ({
  number, state: "waiting", family: "", params: {}, value: null, fold_values: [], epochs: null,
  seconds: null, worker: null, attempts: 0, reason: null, message: null, parameters: null,
  started_at: null, finished_at: null,
});

/** Returns the trials as a leaderboard: the best first, then what trains, then what has no value. */
export function leaderboard({ study, trials }) {
  const sign = study.metric.direction === "maximize" ? -1 : 1;
  const order = { complete: 0, running: 1, waiting: 2, failed: 3, pruned: 4, cancelled: 5 };
  return [...trials.values()].sort((a, b) =>
    order[a.state] - order[b.state]
    || (a.state === "complete" ? sign * (a.value - b.value) : 0)
    || a.number - b.number);
}

export function counts({ trials }) {
  const found = {};
  for (const trial of trials.values()) found[trial.state] = (found[trial.state] ?? 0) + 1;
  return found;
}

/** Returns how far the study is at this moment: a fraction, and seconds left or null. */
export function progress(state) {
  const { study } = state;
  const { elapsed_seconds: elapsed, fraction } = study.progress;
  const moving = study.status === "running" && study.started_at;
  const now = moving ? elapsed + (performance.now() - state.seenAt) / 1000 : elapsed;
  if (["succeeded", "failed", "cancelled"].includes(study.status)) return { fraction: 1, elapsed, left: 0 };
  const { seconds, trials } = study.budget;
  const fractions = [0];
  const left = [];
  if (seconds !== null) { fractions.push(now / seconds); left.push(Math.max(0, seconds - now)); }
  if (trials !== null) {
    const found = counts(state);
    const ended = state.trials.size - (found.running ?? 0) - (found.waiting ?? 0);
    fractions.push(ended / trials);
    if (ended) left.push(Math.max(0, trials - ended) * now / ended);
  }
  const share = study.status === "finalizing" ? Math.max(fraction, ...fractions) : Math.max(...fractions);
  return { fraction: Math.min(0.999, share), elapsed: now, left: moving && left.length ? Math.min(...left) : null };
}
