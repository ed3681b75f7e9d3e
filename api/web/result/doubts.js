// What to distrust, in plain words: the report's own.
import { html } from "../parts/html.js";

export const Doubts = ({ report: { warnings } }) => (warnings.length > 0
  ? html`<ul class="warnings" aria-label="Doubts">${warnings.map((one) => html`<li key=${one.code + one.message}>${one.message}</li>`)}</ul>`
  : html`<p>The checks that were made found nothing to warn of. Data that differ from these may still be predicted worse.</p>`);
