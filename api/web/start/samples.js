// Images, series and volumes: what their rows are, and some of them to look at.
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { get } from "../parts/api.js";
import { html } from "../parts/html.js";
import { number } from "../parts/words.js";
import { About } from "./profile.js";

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
  const seen = rows.map((row) => [row, drawing(dataset, row.X)]).filter(([, drawn]) => drawn);
  return html`
    <section class="profile" aria-labelledby="profile">
      <${About} dataset=${dataset} counted=${`${PLURAL[dataset.modality] ?? dataset.modality} of ${shape.join(" × ")}`} />
      ${classes && html`<p>${number(classes.length)} classes: ${classes.slice(0, CLASSES).join(", ")}${classes.length > CLASSES ? " …" : ""}</p>`}
      ${seen.length > 0 && html`
        <div class="samples" role="list" aria-label="The first rows">${seen.map(([row, drawn], index) => html`
          <figure key=${index} role="listitem">${drawn}
            <figcaption>${names.map((name) => row[name] ?? "–").join(", ")}</figcaption>
          </figure>`)}</div>`}
      ${dataset.modality === "volume" && seen.length > 0 && html`<p class="quiet">The middle slice of each volume.</p>`}
    </section>`;
}

/** Returns what shows a cell, or null where the service sent none: it is too large. */
function drawing({ modality, shape }, cell) {
  if (typeof cell === "string") return cell.startsWith(PICTURE) ? html`<img src=${cell} alt="" />` : null;
  if (!Array.isArray(cell)) return null;
  if (modality === "series") return Array.isArray(cell[0]) ? html`<${Lines} channels=${cell} />` : null;
  const slice = modality === "volume" ? cell[cell.length >> 1] : cell;
  const [height, width] = modality === "volume" ? shape.slice(1) : shape;
  return html`<${Grid} width=${width} height=${height} values=${slice.flat(2)} />`;
}

/** Numbers as shades, from the least to the greatest of them; of channels the first. */
function Grid({ width, height, values }) {
  const canvas = useRef(null);
  useEffect(() => {
    const step = values.length / (width * height);
    const shown = Array.from({ length: width * height }, (_, index) => values[index * step] ?? 0);
    const [low, high] = [Math.min(...shown), Math.max(...shown)];
    const pixels = new Uint8ClampedArray(shown.flatMap((value) => {
      const shade = (255 * (value - low)) / (high - low || 1);
      return [shade, shade, shade, 255];
    }));
    canvas.current.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
  }, [values]);
  return html`<canvas ref=${canvas} width=${width} height=${height} aria-hidden="true"></canvas>`;
}

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
