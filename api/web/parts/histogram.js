// How often each value of a column occurs, as bars. Hovering one says what it counts.
import { html } from "./html.js";
import { number, percent } from "./words.js";

const FEW = 10; // as many values as a column's `top` holds

/**
 * Returns what to draw of a column: [{name, count}], or nothing where the service counted nothing.
 * Few different numbers are drawn one by one: equal stretches between them would mostly be empty.
 */
export function bars({ kind, min, max, unique, top, summary }) {
  if (summary && unique > FEW) {
    const width = (max - min) / summary.histogram.length;
    const edge = (index) => number(min + index * width);
    return summary.histogram.map((count, index) => ({ name: `${edge(index)} to ${edge(index + 1)}`, count }));
  }
  if (!["numeric", "boolean", "categorical"].includes(kind)) return [];
  const counted = summary ? [...top].sort(([a], [b]) => Number(a) - Number(b)) : top;
  return counted.map(([name, count]) => ({ name, count }));
}

/** Draws bars beside each other; `label` is what a screen reader says. */
export function Histogram({ items, rows, label, width = 120, height = 28 }) {
  if (!items.length) return null;
  const highest = Math.max(1, ...items.map((item) => item.count));
  const step = width / items.length;
  return html`
    <svg class="histogram" viewBox="0 0 ${width} ${height}" role="img" aria-label=${label}>
      ${items.map(({ name, count }, index) => {
        const tall = count && Math.max(1, (count / highest) * height); // a rare value is seen too
        return html`<rect key=${index} x=${index * step} y=${height - tall} width=${step * 0.86} height=${tall}>
          <title>${name}: ${number(count)} (${percent(count, rows)})</title></rect>`;
      })}
    </svg>`;
}
