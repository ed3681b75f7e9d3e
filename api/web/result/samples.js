// Try the model on an image or a series: one of the data, or one's own file.
import { useMemo, useState } from "../vendor/hooks.js";
import { html } from "../parts/html.js";
import { Answer, useAnswer } from "./answer.js";
import { Lines } from "./seen.js";

const SHOWN = 12;
const PICTURE = "data:image/png;base64,";
const TYPES = {
  png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", npz: "application/x-npz", csv: "text/csv", ts: "text/plain",
};
const FILES = { image: [".png", ".jpg", ".jpeg"], series: [".npz", ".ts", ".csv"] };

export function Samples({ model, rows }) {
  const [{ kind, name }] = model.inputs;
  const { target } = model.task;
  const usable = useMemo(() => rows.filter((row) => row[name] !== null && row[name] !== undefined).slice(0, SHOWN), [rows]);
  const [chosen, setChosen] = useState(usable.length ? 0 : null);
  const [own, setOwn] = useState(null);
  const question = useMemo(() => asked(own?.file, usable[chosen]?.[name], name), [own?.file, chosen]);
  const found = useAnswer(model.id, question);
  const take = (event) => {
    const [file] = event.target.files;
    if (!file) return;
    setOwn({ file, picture: null });
    if (kind !== "image") return;
    const reader = new FileReader(); // the page may show data: addresses, and no blob: ones
    reader.onload = () => setOwn({ file, picture: reader.result });
    reader.readAsDataURL(file);
  };
  return html`
    <p class="quiet">Choose a row of the data, or a file of your own${kind === "image" ? ": it is made to fit as images are at the upload" : ""}.</p>
    <div class="whatif">
      <div>
        <div class="samples tries">${usable.map((row, index) => html`
          <button key=${index} aria-pressed=${!own && index === chosen ? "true" : "false"} aria-label=${`Row ${index + 1}, ${row[target]}`}
            onClick=${() => { setOwn(null); setChosen(index); }}>
            ${picture(row[name]) ? html`<img src=${row[name]} alt="" />` : kind === "series" && html`<${Lines} channels=${row[name]} />`}
            <bdi>${row[target]}</bdi></button>`)}</div>
        <div class="field"><label for="what-if-file">${kind === "image" ? "Image file" : "Series file"}</label>
          <input id="what-if-file" type="file" accept=${FILES[kind].join(",")} onChange=${take} />
          <small>${FILES[kind].join(", ")}</small></div>
        ${own?.picture && html`<p class="own"><img src=${own.picture} alt="Your image" /></p>`}
      </div>
      <${Answer} target=${target} found=${found} known=${own ? undefined : usable[chosen]?.[target]} />
    </div>`;
}

const picture = (cell) => typeof cell === "string" && cell.startsWith(PICTURE);

function asked(file, cell, name) {
  if (file) {
    const type = TYPES[file.name.split(".").at(-1).toLowerCase()] ?? "application/octet-stream";
    return { body: file, headers: { "Content-Type": type } };
  }
  if (cell === undefined) return null;
  if (!picture(cell)) return { body: { rows: [{ [name]: cell }] } };
  const bytes = Uint8Array.from(atob(cell.slice(PICTURE.length)), (char) => char.charCodeAt(0));
  return { body: new Blob([bytes]), headers: { "Content-Type": "image/png" } };
}
