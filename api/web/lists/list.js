// A list of the service, the newest first: looked at again while it is seen, older pages on demand.
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { get } from "../parts/api.js";
import { html } from "../parts/html.js";
import { ProblemBox } from "../parts/problem.js";

/**
 * Returns {items, problem, more, drop}: the items, null until the service has answered; why it did
 * not; what fetches older ones, null where there are none; what takes an item out by its id.
 *
 * @param path of the list, with its filters
 * @param pause (items) => ms until the newest are looked at again
 */
export function useList(path, { limit = 20, pause = () => 10_000 } = {}) {
  const [items, setItems] = useState(null);
  const [older, setOlder] = useState(undefined); // a cursor; null behind the last page
  const [problem, setProblem] = useState(null);
  const gone = useRef(new Set());
  const page = (cursor) => {
    const query = new URLSearchParams({ limit, ...(cursor && { cursor }) });
    return get(`${path}${path.includes("?") ? "&" : "?"}${query}`);
  };

  useEffect(() => {
    let over = false;
    let timer = null;
    async function look() {
      let wait = 3000;
      try {
        const newest = await page();
        if (over) return;
        setProblem(null);
        setItems((old) => joined(newest, old).filter(({ id }) => !gone.current.has(id)));
        setOlder((old) => (old === undefined ? newest.next_cursor : old));
        wait = pause(newest.items);
      } catch (error) {
        if (over) return;
        setProblem(error);
        if (error.status && error.status < 500 && error.status !== 429) return; // asked too often: later
      }
      timer = setTimeout(again, wait);
    }
    const again = () => (document.hidden ? (timer = setTimeout(again, 1000)) : look());
    setItems(null);
    setOlder(undefined);
    look();
    return () => { over = true; clearTimeout(timer); };
  }, [path]);

  async function more() {
    const next = await page(older).catch((error) => void setProblem(error));
    if (!next) return;
    setItems((old) => [...old, ...next.items.filter((one) => !old.some((two) => two.id === one.id))]);
    setOlder(next.next_cursor);
  }
  const drop = (id) => {
    gone.current.add(id);
    setItems((old) => old.filter((one) => one.id !== id));
  };
  return { items, problem, more: older ? more : null, drop };
}

/** Joins the newest page with the older ones known: ids sort by creation, so what is missing is gone. */
function joined({ items, next_cursor: next }, old) {
  const last = items.at(-1)?.id;
  return next && old ? [...items, ...old.filter(({ id }) => id < last)] : items;
}

/** The style of a column of buttons: they say themselves what they do. */
export const DOING = "doing";

/** Returns a moment as a list has room for. */
export const when = (text) => new Date(text).toLocaleString([], { dateStyle: "short", timeStyle: "short" });

/** A page with one list on it; `head` are [name, style] of its columns, the rows its children. */
export function ListPage({ title, list, none, filter, head, children }) {
  const { items, problem, more } = list;
  useEffect(() => {
    document.title = `${title} · AutoML`;
    return () => { document.title = "AutoML"; };
  }, [title]);
  return html`
    <section class="list" aria-labelledby="list">
      <h2 id="list">${title}</h2>
      ${filter}
      <${ProblemBox} problem=${problem} />
      ${items === null && !problem && html`<p role="status">Loading …</p>`}
      ${items?.length === 0 && none}
      ${items?.length > 0 && html`
        <div class="scroll" tabindex="0" role="region" aria-label=${title}><table>
          <thead><tr>${head.map(([name, style]) => html`<th key=${name} scope="col" class=${style}>${style === DOING ? html`<span class="hidden">${name}</span>` : name}</th>`)}</tr></thead>
          <tbody>${children}</tbody></table></div>`}
      ${more && html`<button type="button" onClick=${more}>Show more</button>`}
    </section>`;
}
