// Deleting asks first, and says what goes and what stays.
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { request } from "../parts/api.js";
import { html } from "../parts/html.js";
import { ProblemBox } from "../parts/problem.js";

/**
 * A button that asks, in a dialog, whether to delete what is at `path`; `done` is called when it is gone.
 * `children` say what else follows.
 */
export function Remove({ path, name, disabled, why, done, children }) {
  const [asking, setAsking] = useState(false);
  return html`
    <button type="button" class="remove" disabled=${disabled} title=${disabled ? why : null} aria-label=${`Delete ${name}`}
      onClick=${() => setAsking(true)}>Delete</button>
    ${asking && html`<${Question} path=${path} name=${name} done=${done} close=${() => setAsking(false)}>${children}<//>`}`;
}

function Question({ path, name, done, close, children }) {
  const dialog = useRef(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  useEffect(() => { dialog.current.showModal(); }, []);
  async function remove() {
    setBusy(true);
    setProblem(null);
    try {
      await request(path, { method: "DELETE" });
    } catch (error) {
      if (error.status !== 404) { // gone already is what was wished
        setProblem(error);
        return void setBusy(false);
      }
    }
    dialog.current.close();
    done();
  }
  return html`
    <dialog ref=${dialog} onClose=${close} aria-labelledby="question">
      <h3 id="question">Delete ${name}?</h3>
      ${children}
      <${ProblemBox} problem=${problem} />
      <p class="controls"><button type="button" onClick=${() => dialog.current.close()}>Keep it</button>
        <button type="button" class="danger" disabled=${busy} onClick=${remove}>Delete</button></p>
    </dialog>`;
}
