// A part of a page that folds away. What is in it exists only while it is open.
import { useEffect, useState } from "../vendor/hooks.js";
import { html } from "./html.js";

/** @param asked opens it when it becomes true; whoever closes it then has the last word */
export function Section({ title, asked = false, onOpen, children }) {
  const [open, setOpen] = useState(asked);
  useEffect(() => { if (asked) setOpen(true); }, [asked]);
  useEffect(() => { if (open) onOpen?.(); }, [open]);
  return html`
    <details class="section" open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}>
      <summary><h3>${title}</h3></summary>
      ${open && children}
    </details>`;
}
