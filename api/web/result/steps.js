// A threshold's consequences, from the report's curves.

/**
 * Returns the measured places of the threshold, rising, each with what it comes to:
 * {threshold, hits, alarms, misses, rest}. The threshold is null in reports that lack it.
 */
export function steps(curve, { classes, confusion, per_class: perClass }) {
  if (curve.cuts) {
    return curve.cuts.map(([threshold, hits, alarms]) => step(threshold, hits, alarms, curve.positives, curve.rows)).reverse();
  }
  const positives = perClass.find((one) => one.label === curve.label).support;
  const rows = perClass.reduce((sum, one) => sum + one.support, 0);
  const found = curve.roc.map(([alarmed, hit]) =>
    step(null, Math.round(hit * positives), Math.round(alarmed * (rows - positives)), positives, rows));
  if (classes.length === 2 && confusion) {
    const own = ownOf(classes.indexOf(curve.label), confusion, positives, rows);
    if (!found.some((one) => same(one, own))) found.push(own);
  }
  return found.sort((a, b) => said(b) - said(a));
}

const step = (threshold, hits, alarms, positives, rows) => ({
  threshold, hits, alarms, misses: positives - hits, rest: rows - positives - alarms,
});

/** What the model itself does stands in its confusion matrix, whichever points a curve kept. */
const ownOf = (place, confusion, positives, rows) =>
  step(null, confusion[place][place], confusion[1 - place][place], positives, rows);

const same = (one, other) => one.hits === other.hits && one.alarms === other.alarms;

const said = ({ hits, alarms }) => hits + alarms;

export const recall = ({ hits, misses }) => share(hits, hits + misses);
export const precision = (one) => share(one.hits, said(one));
export const alarmed = ({ alarms, rest }) => share(alarms, alarms + rest);
export const f1 = ({ hits, alarms, misses }) => share(2 * hits, 2 * hits + alarms + misses);

const share = (part, all) => (all > 0 ? part / all : null);

/** Returns the place of the model's own threshold; of more than two classes that of the best F1. */
export function own(found, curve, { classes, confusion }, threshold) {
  if (classes.length !== 2) return best(found, f1);
  if (curve.cuts) return best(found, (one) => -Math.abs(one.threshold - (threshold ?? 0.5)));
  const place = classes.indexOf(curve.label);
  const meant = confusion && { hits: confusion[place][place], alarms: confusion[1 - place][place] };
  return meant ? found.findIndex((one) => same(one, meant)) : best(found, f1);
}

function best(found, worth) {
  let place = 0;
  found.forEach((one, index) => { if (worth(one) > worth(found[place])) place = index; });
  return place;
}
