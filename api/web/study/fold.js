// What the page knows of a study, and how events change it. Values are replaced, never edited.

const LIVE = 400; // points kept of a trial that is training; the service has them all
const LOG = 5000; // entries of the log that are kept

/** Returns the state of a study and of those of its trials that the service has shown so far. */
export function begin(study, trials, whole) {
  return {
    study,
    seenAt: performance.now(),
    trials: byNumber(new Map(), trials),
    whole, // whether these are all
    points: new Map(), // the newest points of each trial that is training
    log: [], // what happened, in order, but for the epochs
    logFrom: study.last_seq, // everything behind this number is in the log
  };
}

/** Returns the state with more of the trials that there were at its beginning. */
export const join = (state, trials) => ({ ...state, trials: byNumber(new Map(state.trials), trials) });

/** Returns the state with a newer look at the study itself. */
export const refresh = (state, study) => ({ ...state, study, seenAt: performance.now() });

/** Returns the state with older events, in order, in its log; `from` is the number before them. */
export const recall = (state, events, from) =>
  ({ ...state, log: [...events.filter(isTold), ...state.log], logFrom: from });

/** Returns the state after events. Those that the snapshot has already seen change nothing. */
export function fold(state, events) {
  const after = { ...state };
  const own = (name) => { if (after[name] === state[name]) after[name] = new Map(state[name]); return after[name]; };
  for (const { type, data, at } of events) {
    const [subject, verb] = type.split(".");
    // everything else about a study is looked up: it is rare, and says more
    if (type === "study.best") after.study = { ...after.study, best: { ...data } };
    else if (subject !== "trial") continue;
    else if (verb === "epoch") own("points").set(data.trial, longer(after.points.get(data.trial) ?? [], data));
    else {
      own("trials").set(data.trial, changed(after.trials.get(data.trial) ?? blank(data.trial), verb, data, at));
      if (after.points.has(data.trial)) own("points").delete(data.trial);
    }
  }
  const told = events.filter(isTold);
  if (told.length) after.log = [...state.log, ...told].slice(-LOG);
  return after;
}

const isTold = ({ type }) => type !== "trial.epoch";

function byNumber(known, trials) {
  for (const trial of trials) known.set(trial.number, trial);
  return known;
}

/** Returns the points with one more behind them; of too many, every other stays. */
function longer(points, point) {
  const before = points.filter((one) => one.epoch < point.epoch);
  const kept = before.length < LIVE ? before : before.filter((_, index) => index % 2 === 0);
  return [...kept, point];
}

const STATES = {
  started: "running", completed: "complete", pruned: "pruned", failed: "failed", cancelled: "cancelled",
  released: "waiting", retried: "waiting",
};

function changed(before, verb, data, at) {
  const after = { ...before, ...known(data), state: STATES[verb] ?? before.state };
  if (verb === "started") after.started_at ??= at;
  else after.finished_at = after.state === "waiting" ? null : at;
  if (after.state === "waiting") after.reason = null;
  return after;
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

/** Returns how many trials are in each state. */
export function counts({ study, trials, whole }) {
  if (!whole) return study.progress.trials;
  const found = {};
  for (const trial of trials.values()) found[trial.state] = (found[trial.state] ?? 0) + 1;
  return found;
}

export const total = (found) => Object.values(found).reduce((sum, count) => sum + count, 0);

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
    const ended = total(found) - (found.running ?? 0) - (found.waiting ?? 0);
    fractions.push(ended / trials);
    if (ended) left.push(Math.max(0, trials - ended) * now / ended);
  }
  const share = study.status === "finalizing" ? Math.max(fraction, ...fractions) : Math.max(...fractions);
  return { fraction: Math.min(0.999, share), elapsed: now, left: moving && left.length ? Math.min(...left) : null };
}
