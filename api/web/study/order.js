// Which trials the leaderboard shows, and in which order.

const RANK = { complete: 0, running: 1, waiting: 2, failed: 3, pruned: 4, cancelled: 5 };

export const EVERYTHING = { text: "", family: "", state: "" };

/** Returns the trials that a filter lets through. */
export function filtered(trials, { text, family, state }) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return trials.filter((trial) => (!family || trial.family === family) && (!state || trial.state === state)
    && (!words.length || matches(trial, words)));
}

function matches(trial, words) {
  const params = Object.entries(trial.params).map(([name, value]) => `${name}=${value}`);
  const text = [trial.number, trial.family, trial.state, trial.worker, trial.reason, ...params].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

/**
 * Returns the trials in order, those without what is sorted by always last.
 *
 * @param by a field of a trial; by value the best come first, then what trains, then what has none
 * @param down the other way round
 */
export function sorted(trials, { by, down }, metric) {
  const sign = (down ? -1 : 1) * (by === "value" && metric.direction === "maximize" ? -1 : 1);
  const rank = by === "value" || by === "state" ? (trial) => RANK[trial.state] : () => 0;
  const field = by === "state" ? () => null : (trial) => trial[by];
  const turned = by === "state" && down ? -1 : 1;
  return [...trials].sort((a, b) =>
    turned * (rank(a) - rank(b))
    || sign * compare(field(a), field(b), sign)
    || a.number - b.number);
}

function compare(a, b, sign) {
  if (a === b) return 0;
  if (a === null) return sign; // last, whichever way
  if (b === null) return -sign;
  return a < b ? -1 : 1;
}
