// The datasets there are: what each holds, to start from or to delete.
import { html } from "../parts/html.js";
import { key, save } from "../parts/api.js";
import { pieces } from "../parts/pieces.js";
import { bytes, number } from "../parts/words.js";
import { DOING, ListPage, useList, when } from "./list.js";
import { Remove } from "./remove.js";

const HEAD = [["Dataset", ""], ["Rows", "number"], ["Holds", "minor"], ["Size", "number"], ["Uploaded", "minor"], ["Delete", DOING]];

export function DatasetsPage() {
  const list = useList("/v1/datasets");
  const none = html`<p class="quiet">None yet. <a href="#/">Upload one</a>.</p>`;
  return html`
    <${ListPage} title="Datasets" list=${list} none=${none} head=${HEAD}>
      ${list.items?.map((one) => html`
        <tr key=${one.id}><th scope="row"><a class="name" href=${`#/datasets/${one.id}`}>${pieces(one.name)}</a><br /><small>${one.modality}, ${one.format}</small></th>
          <td class="number">${number(one.rows)}</td><td class="minor">${holds(one)}</td>
          <td class="number">${bytes(one.bytes)}</td><td class="minor">${when(one.created_at)}</td>
          <td class="number"><${RemoveDataset} dataset=${one} done=${() => list.drop(one.id)} /></td></tr>`)}<//>`;
}

/** What can be done with a dataset beside learning from it. */
export function DatasetTools({ dataset }) {
  const path = `/v1/datasets/${dataset.id}/download`;
  const take = (event) => {
    if (!key.read()) return; // a link carries no key: with one, the file is fetched and saved
    event.preventDefault();
    save(path, dataset.name);
  };
  return html`<p class="controls tools"><a class="button" href=${path} download onClick=${take}>Download the file</a>
    <${RemoveDataset} dataset=${dataset} done=${() => { location.hash = "#/datasets"; }} /></p>`;
}

const RemoveDataset = ({ dataset, done }) => html`
  <${Remove} path=${`/v1/datasets/${dataset.id}`} name=${dataset.name} done=${done}>
    <p>${number(dataset.rows)} rows, ${bytes(dataset.bytes)}. Studies of it and their models stay, but can search no further.</p><//>`;

/** Returns how many columns of which kinds a dataset has, or the shape of its arrays. */
function holds({ columns, shape, classes }) {
  if (shape) return `${shape.join(" × ")}${classes ? `, ${number(classes.length)} classes` : ""}`;
  const kinds = new Map();
  for (const { kind } of columns) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  return [...kinds].map(([kind, count]) => `${number(count)} ${kind}`).join(", ");
}
