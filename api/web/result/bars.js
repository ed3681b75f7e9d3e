// Bars in the rows of a table, so that whoever cannot see them reads the numbers.
import { html } from "../parts/html.js";

/**
 * Draws a bar a row, from zero.
 *
 * @param rows [{name, value, text, spread, badge}], `spread` drawn to both sides of the value
 * @param head what the columns of names and numbers are called
 */
export function Bars({ label, head, rows }) {
  const ends = rows.flatMap(({ value, spread = 0 }) => [value - spread, value + spread]).filter(Number.isFinite);
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const at = (value) => (100 * (value - low)) / (high - low || 1);
  const per = (value) => `${at(value).toFixed(2)}%`;
  return html`
    <table class="bars" aria-label=${label}>
      <thead><tr><th scope="col">${head[0]}</th><td></td><th scope="col" class="number">${head[1]}</th></tr></thead>
      <tbody>${rows.map(({ name, value, text, spread, badge }, index) => html`
        <tr key=${`${index} ${name}`}><th scope="row"><bdi>${name}</bdi>${badge && html` <span class="badge">${badge}</span>`}</th>
          <td class="bar"><svg aria-hidden="true">
            <rect x=${per(Math.min(0, value))} width=${`${Math.abs(at(value) - at(0)).toFixed(2)}%`} height="100%" />
            ${spread > 0 && html`<line x1=${per(value - spread)} x2=${per(value + spread)} y1="50%" y2="50%" />`}
          </svg></td>
          <td class="number">${text}</td></tr>`)}</tbody></table>`;
}
