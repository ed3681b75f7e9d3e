// What a trial's epochs measured, as charts: a line a fold, all from their first epoch on.
import { useMemo } from "../vendor/hooks.js";
import { Chart } from "../parts/chart.js";
import { html } from "../parts/html.js";
import { metricName } from "../parts/words.js";

export function Curve({ points, metric }) {
  const plan = useMemo(() => charts(points, metric), [points, metric]);
  const folds = byFold(points).length;
  const label = folds > 1 ? `epoch, a line for each of ${folds} folds` : "epoch";
  return html`
    <div class="charts">${plan.map(({ title, series }) => html`
      <${Chart} key=${title} title=${title} label=${label} series=${series} />`)}</div>`;
}

function charts(points, metric) {
  const folds = byFold(points);
  const line = (name, style, field) => ({ name, style, lines: folds.map((fold) => fold.map((one) => [one.epoch, one[field]])) });
  const measured = (field) => points.some((point) => point[field] !== null && point[field] !== undefined);
  return [
    { title: "Loss", series: [line("training", 2, "train_loss"), line("validation", 1, "valid_loss")] },
    { title: metricName(metric), series: [line("validation", 1, "value")] },
    measured("learning_rate") && { title: "Learning rate", series: [line("learning rate", 1, "learning_rate")] },
    measured("gradient_norm") && { title: "Gradient norm", series: [line("gradient norm", 1, "gradient_norm")] },
  ].filter(Boolean);
}

/** Returns the points of each fold, its epochs counted from one; the service counts on through all. */
export function byFold(points) {
  const folds = [];
  let before = 0;
  points.forEach((point, index) => {
    const last = points[index - 1];
    if (!last || last.fold !== point.fold) {
      before = last?.epoch ?? 0;
      folds.push([]);
    }
    folds.at(-1).push({ ...point, epoch: point.epoch - before });
  });
  return folds;
}

/**
 * Returns a curve with live points at its end; an epoch that is trained again takes its place.
 *
 * Points of a fold that the curve does not reach wait until it is fetched anew: events are too few
 * to say where that fold began.
 */
export function longer(curve, live) {
  const fold = curve.at(-1)?.fold ?? 0;
  const known = live.filter((point) => (point.fold ?? 0) === fold);
  if (!known.length) return curve;
  return [...curve.filter((point) => point.epoch < known[0].epoch), ...known];
}
