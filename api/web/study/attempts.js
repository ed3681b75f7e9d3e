// Who trained what, and when: attempts as the log tells them, and as trials do where it does not reach back.

const LAST = { completed: "complete", pruned: "pruned", failed: "failed", cancelled: "cancelled", released: "waiting", retried: "lost" };

/** Returns [{trial, attempt, family, worker, from, to, state}], times in ms; `to` is null while it lasts. */
export function attempts({ trials, log }) {
  const found = new Map();
  const told = new Set();
  for (const { type, data, at } of log) {
    if (!type.startsWith("trial.")) continue;
    const verb = type.slice("trial.".length);
    const key = `${data.trial} ${data.attempt}`;
    const when = Date.parse(at);
    if (verb === "started") {
      told.add(data.trial);
      found.set(key, { ...data, from: when, to: null, state: "running" });
    } else if (found.has(key)) found.set(key, { ...found.get(key), to: when, state: LAST[verb] ?? verb });
    else if (verb === "cancelled" && data.attempt === undefined) close(found, data.trial, when); // told of the trial, not of an attempt
  }
  for (const trial of trials.values()) {
    if (told.has(trial.number) || !trial.worker || !trial.started_at) continue;
    const to = trial.finished_at ? Date.parse(trial.finished_at) : null;
    if (to === null && trial.state !== "running") continue;
    found.set(`${trial.number}`, { trial: trial.number, attempt: trial.attempts, family: trial.family, worker: trial.worker,
      from: Date.parse(trial.started_at), to, state: trial.state });
  }
  return [...found.values()].sort((a, b) => a.from - b.from);
}

function close(found, trial, when) {
  for (const [key, one] of found) if (one.trial === trial && one.to === null) found.set(key, { ...one, to: when, state: "cancelled" });
}
