// What a trial's epochs measured, as charts: a line a fold, all from their first epoch on.
import { Chart } from "../parts/chart.js";
import { html } from "../parts/html.js";
import { metricName } from "../parts/words.js";

export function Curve({ points, metric }) {
  const folds = byFold(points);
  const lines = (field) => folds.map((fold) => fold.map((one) => [one.epoch, one[field]]));
  const label = folds.length > 1 ? `epoch, a line for each of ${folds.length} folds` : "epoch";
  return html`
    <div class="charts">
      <${Chart} title="Loss" label=${label} series=${[
        { name: "training", style: 2, lines: lines("train_loss") },
        { name: "validation", style: 1, lines: lines("valid_loss") },
      ]} />
      <${Chart} title=${metricName(metric)} label=${label} series=${[
        { name: "validation", style: 1, lines: lines("value") },
      ]} />
    </div>`;
}

/** Returns the points of each fold, its epochs counted from one; the service counts on through all. */
function byFold(points) {
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
