// A labelled input with a word of help and what is wrong with it, read out together.
import { html } from "../parts/html.js";

/** Returns what an input of the field `id` carries; `wrong` is what is wrong with it, if anything. */
export const described = (id, wrong) => ({
  id, "aria-describedby": `${id}-hint`, "aria-invalid": wrong ? "true" : "false",
});

export const Field = ({ id, label, hint, wrong, children, wide }) => html`
  <div class=${`field${wide ? " wide" : ""}`}><label for=${id}>${label}</label>
    ${children}
    <small id=${`${id}-hint`} class=${wrong ? "wrong" : ""} aria-live="polite">${wrong || hint}</small></div>`;

/** Returns a select over [value, name] pairs. */
export const Select = ({ id, value, options, pick, wrong, disabled }) => html`
  <select ...${described(id, wrong)} value=${value} disabled=${disabled} onChange=${(event) => pick(event.target.value)}>
    ${options.map(([one, name]) => html`<option key=${one} value=${one}>${name}</option>`)}
  </select>`;

const LONGEST = 70; // characters of a name in a list that opens

/** Returns a name as an option shows it: its beginning and its end where it is too long. */
export const shortened = (name) => (name.length <= LONGEST ? name : `${name.slice(0, LONGEST - 21)} … ${name.slice(-18)}`);
