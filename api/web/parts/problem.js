// What went wrong, in the server's own words.
import { html } from "./html.js";

export const ProblemBox = ({ problem, about }) => problem && html`
  <div class="problem" role="alert">
    <p>${about && html`<b>${about}</b>: `}${problem.message}</p>
    ${problem.places?.length > 0 && html`<ul>${problem.places.slice(0, 8).map((text) => html`<li>${text}</li>`)}</ul>`}
  </div>`;
