// How much of the differences between trials goes with one hyperparameter. As in the report
// (automl/export/tuning.py): the trials' ranks in groups, numbers in thirds, ω² (Hays, 1963).

export const FEWEST = 6; // complete trials; with fewer nothing is said
const BINS = 3;

/** Returns [{name, share}], the largest share first, of complete trials of one family. */
export function importance(trials) {
  const names = new Set(trials.flatMap((trial) => Object.keys(trial.params)));
  const found = [];
  for (const name of names) {
    const having = trials.filter((trial) => name in trial.params);
    if (having.length < FEWEST) continue;
    const groups = grouped(having.map((trial) => trial.params[name]));
    const count = new Set(groups).size;
    if (count > 1 && count < having.length) found.push({ name, share: omega(groups, ranks(having)) });
  }
  return found.sort((a, b) => b.share - a.share || (a.name < b.name ? -1 : 1));
}

/** Returns the group of each value: numbers low, middle and high, anything else each by itself. */
function grouped(values) {
  if (values.some((value) => typeof value !== "number")) return values.map(String);
  const ordered = [...values].sort((a, b) => a - b);
  const edges = [];
  for (let bin = 1; bin < BINS; bin += 1) edges.push(ordered[Math.floor((bin / BINS) * (ordered.length - 1) + 1e-9)]);
  return values.map((value) => edges.filter((edge) => edge < value).length);
}

/** Returns places from the lowest value up; equal values share one. */
function ranks(trials) {
  const values = [...new Set(trials.map((trial) => trial.value))].sort((a, b) => a - b);
  const place = new Map(values.map((value, index) => [value, index]));
  return trials.map((trial) => place.get(trial.value));
}

/** Returns the part of the values' variance that goes with the groups, chance taken off. */
function omega(groups, values) {
  const sums = new Map();
  groups.forEach((group, index) => {
    const [count, sum] = sums.get(group) ?? [0, 0];
    sums.set(group, [count + 1, sum + values[index]]);
  });
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const all = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  let between = 0;
  for (const [count, sum] of sums.values()) between += count * (sum / count - mean) ** 2;
  const noise = (all - between) / Math.max(1, values.length - sums.size);
  if (all + noise <= 0) return 0;
  return Math.max(0, (between - (sums.size - 1) * noise) / (all + noise));
}
