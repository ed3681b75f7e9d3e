// Images, series and volumes: what their rows are, and some of them to look at.
import { useEffect, useState } from "../vendor/hooks.js";
import { get } from "../parts/api.js";
import { html } from "../parts/html.js";
import { bytes, number } from "../parts/words.js";

const SHOWN = 24;
const CLASSES = 30;
const LINES = 3; // channels of a series
const [WIDTH, HEIGHT] = [160, 72];
const PLURAL = { image: "images", series: "series", volume: "volumes" };
const PICTURE = "data:image/png;base64,";

/** Returns [the first rows, a problem], both null until the service has answered. */
export function usePreview({ id }) {
  const [state, setState] = useState([null, null]);
  useEffect(() => {
    const stop = new AbortController();
    get(`/v1/datasets/${encodeURIComponent(id)}/preview?rows=${SHOWN}`, { signal: stop.signal })
      .then((page) => setState([page.rows, null]), (error) => stop.signal.aborted || setState([null, error]));
    return () => stop.abort();
  }, [id]);
  return state;
}

/** Returns what stands beside the arrays and could be predicted. */
export const targets = (rows) => Object.keys(rows[0] ?? {}).filter((name) => name !== "X" && name !== "part");

export function Samples({ dataset, rows }) {
  const { classes, shape } = dataset;
  const names = targets(rows);
  const seen = rows.filter((row) => isPicture(row.X) || isSeries(dataset, row.X));
  return html`
    <section class="profile" aria-labelledby="profile">
      <h3 id="profile">${dataset.name}</h3>
      <p class="quiet">${number(dataset.rows)} rows, ${PLURAL[dataset.modality] ?? dataset.modality} of ${shape.join(" × ")}, ${bytes(dataset.bytes)}, ${dataset.format}</p>
      ${dataset.warnings.length > 0 && html`
        <ul class="warnings" aria-label="Warnings">${dataset.warnings.map((one) => html`<li>${one.message}</li>`)}</ul>`}
      ${classes && html`<p>${number(classes.length)} classes: ${classes.slice(0, CLASSES).join(", ")}${classes.length > CLASSES ? " …" : ""}</p>`}
      ${seen.length > 0 && html`
        <div class="samples" role="list" aria-label="The first rows">${seen.map((row, index) => html`
          <figure key=${index} role="listitem">
            ${isPicture(row.X) ? html`<img src=${row.X} alt="" />` : html`<${Lines} channels=${row.X} />`}
            <figcaption>${names.map((name) => row[name] ?? "–").join(", ")}</figcaption>
          </figure>`)}</div>`}
    </section>`;
}

const isPicture = (cell) => typeof cell === "string" && cell.startsWith(PICTURE);

const isSeries = ({ modality }, cell) => modality === "series" && Array.isArray(cell) && Array.isArray(cell[0]);

function Lines({ channels }) {
  const drawn = channels.slice(0, LINES);
  const known = drawn.flat().filter((value) => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const at = (value, index, steps) =>
    `${((WIDTH * index) / Math.max(1, steps - 1)).toFixed(1)},${(HEIGHT * (1 - (value - low) / (high - low || 1))).toFixed(1)}`;
  return html`
    <svg viewBox="0 -2 ${WIDTH} ${HEIGHT + 4}" aria-hidden="true">${drawn.map((line, place) => html`
      <g key=${place} class=${`s${place + 1}`}><polyline class="line"
        points=${line.map((value, index) => (value === null ? "" : at(value, index, line.length))).join(" ")} /></g>`)}</svg>`;
}
