// A file on its way to the service: chosen or dropped, followed to the last byte, stopped at will.
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { upload } from "../parts/api.js";
import { html } from "../parts/html.js";
import { ProblemBox } from "../parts/problem.js";
import { bytes, duration } from "../parts/words.js";

const SETTLED = 1500; // ms after which the pace so far says how long the rest takes

const READINGS = [
  ["", "what it looks like"], ["table", "a table"], ["text", "a table of texts"], ["image", "images"],
  ["series", "series"], ["volume", "volumes"],
];

/** `done` is called with the dataset that a file has become. */
export function Upload({ done }) {
  const [sending, setSending] = useState(null); // {name, size, share, since}
  const [refusal, setRefusal] = useState(null); // {name, problem}: the input is empty again by then
  const [stopped, setStopped] = useState(null); // a file's name
  const [modality, setModality] = useState("");
  const stop = useRef(null);
  useEffect(() => () => stop.current?.abort(), []);

  async function send(file) {
    if (!file || stop.current) return;
    stop.current = new AbortController();
    setRefusal(null);
    setStopped(null);
    const since = performance.now();
    const moved = (share) => setSending({ name: file.name, size: file.size, share, since });
    moved(0);
    try {
      done(await upload(file, moved, { modality, signal: stop.current.signal }));
    } catch (error) {
      if (error.name === "AbortError") setStopped(file.name);
      else setRefusal({ name: file.name, problem: error });
    }
    stop.current = null;
    setSending(null);
  }
  const over = useDrop((transfer) => {
    if (stop.current) return;
    const problem = unfit(transfer);
    setRefusal(problem);
    if (!problem) send(transfer.files[0]);
  });
  const choose = (event) => {
    send(event.target.files[0]);
    event.target.value = ""; // the same file, mended, can be chosen again
  };
  return html`
    <div class="upload">
      <div class="field">
        <label for="file">Dataset file</label>
        <input id="file" type="file" onChange=${choose} disabled=${sending !== null} aria-describedby="file-hint" />
        <small id="file-hint">Choose it, or drop it anywhere on this page: it is sent at once. A table with a header line; images in a zip; arrays as .npz; series as .ts.</small>
      </div>
      <details class="quiet reading"><summary>Read it as: ${READINGS.find(([value]) => value === modality)[1]}</summary>
        <div class="field"><label for="modality">The next file holds</label>
          <select id="modality" value=${modality} onChange=${(event) => setModality(event.target.value)}>
            ${READINGS.map(([value, name]) => html`<option key=${value} value=${value}>${name}</option>`)}
          </select></div></details>
      ${sending && html`<${Sending} ...${sending} stop=${() => stop.current?.abort()} />`}
      ${stopped && html`<p role="status" class="quiet">The upload of ${stopped} was stopped.</p>`}
      <${ProblemBox} problem=${refusal?.problem} about=${refusal?.name} />
      ${over && sending === null && html`<div class="drop" aria-hidden="true"><p>Drop the file: it is sent at once</p></div>`}
    </div>`;
}

function Sending({ name, size, share, since, stop }) {
  const read = share >= 1;
  const passed = performance.now() - since;
  const left = passed > SETTLED && !read ? `, about ${duration(Math.max(1, Math.round((passed * (1 - share)) / share / 1000)))} left` : "";
  return html`
    <div class="sending">
      <progress aria-label="Upload" max="1" value=${read ? undefined : share}></progress>
      <p><span role="status">${read ? `The service reads ${name} …` : `Sending ${name}`}</span>
        ${!read && html` <span class="quiet">${bytes(Math.floor(share * size))} of ${bytes(size)}, ${Math.floor(share * 100)} %${left}</span>`}</p>
      <button type="button" onClick=${stop}>Stop the upload</button>
    </div>`;
}

/** Returns a refusal of what was dropped, where it is not one file. */
function unfit({ files, items }) {
  const folder = items[0]?.webkitGetAsEntry?.()?.isDirectory;
  if (folder) return { name: files[0]?.name, problem: said("A folder cannot be sent. Pack it as a zip: one folder of images for each class.") };
  if (files.length > 1) return { name: `${files.length} files`, problem: said("One file makes a dataset. Join tables into one, pack images into one zip.") };
  return null;
}

const said = (message) => ({ message, places: [] });

/** Calls `drop` with what was dropped anywhere on the page; returns whether files are held over it. */
function useDrop(drop) {
  const [over, setOver] = useState(false);
  const latest = useRef(drop);
  latest.current = drop;
  useEffect(() => {
    const files = (event) => event.dataTransfer?.types.includes("Files");
    const hover = (event) => {
      if (!files(event)) return;
      event.preventDefault(); // else the browser opens the file in our place
      setOver(true);
    };
    const leave = (event) => { if (event.relatedTarget === null) setOver(false); };
    const take = (event) => {
      if (!files(event)) return;
      event.preventDefault();
      setOver(false);
      latest.current(event.dataTransfer);
    };
    const heard = { dragenter: hover, dragover: hover, dragleave: leave, drop: take };
    for (const [name, listener] of Object.entries(heard)) addEventListener(name, listener);
    return () => { for (const [name, listener] of Object.entries(heard)) removeEventListener(name, listener); };
  }, []);
  return over;
}
