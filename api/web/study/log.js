// What happened, newest first, in plain words.
import { useEffect, useState } from "../vendor/hooks.js";
import { html } from "../parts/html.js";
import { budgetText, duration, number, reason, studyFailure } from "../parts/words.js";

const SHOWN = 200;
const AGAIN = { WORKER_LOST: "Its worker went away.", WORKER_CRASH: "Its training process crashed." };
const KINDS = { "": "everything", study: "the study", best: "new best values", trouble: "trouble", trial: "trials" };

export function Log({ state, lookBack }) {
  const { log, logFrom } = state;
  const [kind, setKind] = useState("");
  const [text, setText] = useState("");
  useEffect(() => { lookBack(); }, [logFrom]);
  const shown = newest(log, kind, text.toLowerCase());
  return html`
    <div class="filter" role="search" aria-label="Log">
      <select aria-label="Events" value=${kind} onChange=${(event) => setKind(event.target.value)}>
        ${Object.entries(KINDS).map(([name, words]) => html`<option key=${name} value=${name}>${words}</option>`)}</select>
      <input type="search" aria-label="Find events" placeholder="Find: trial 17, memory …" value=${text} onInput=${(event) => setText(event.target.value)} />
    </div>
    ${shown.length === 0 && html`<p class="quiet">${log.length ? "Nothing is like that." : "Nothing yet."}</p>`}
    <ol class="log" aria-label="Events, the newest first" tabindex="0">${shown.map((event) => html`
      <li key=${event.seq} class=${trouble(event) ? "trouble" : ""}><time datetime=${event.at}>${new Date(event.at).toLocaleTimeString()}</time> ${said(event)}</li>`)}</ol>
    <p class="quiet">${shown.length === SHOWN ? `The newest ${SHOWN}. ` : ""}Epochs are left out; the whole log is at <code>…/events</code>.</p>`;
}

function newest(log, kind, text) {
  const found = [];
  for (let index = log.length - 1; index >= 0 && found.length < SHOWN; index -= 1) {
    if (isOf(log[index], kind) && (!text || said(log[index]).toLowerCase().includes(text))) found.push(log[index]);
  }
  return found;
}

function isOf(event, kind) {
  if (kind === "trouble") return trouble(event);
  if (kind === "best") return event.type === "study.best";
  return !kind || event.type.startsWith(`${kind}.`);
}

const trouble = ({ type }) => ["trial.failed", "trial.retried", "study.failed", "worker.lost"].includes(type);

/** Returns an event as a sentence. */
export function said({ type, data }) {
  const trial = `Trial ${data.trial}${data.family ? ` (${data.family})` : ""}`;
  const by = data.worker ? ` by ${data.worker}` : "";
  switch (type) {
    case "study.queued": return "The study was put in the queue.";
    case "study.plan": return `The plan was made: ${(data.families ?? []).join(", ")}.`;
    case "study.started": return "The first worker began.";
    case "study.best": return `${trial} is the best so far: ${number(data.value)}.`;
    case "study.paused": return "The study was paused.";
    case "study.resumed": return `The study goes on${data.budget ? `; its budget is ${budgetText(data.budget)} now` : ""}.`;
    case "study.finalizing": return "The search is over; the model is put together.";
    case "study.succeeded": return "The model is ready.";
    case "study.failed": return `The study failed. ${studyFailure(data)} ${data.detail ?? ""}`;
    case "study.cancelled": return "The study was cancelled.";
    case "trial.started": return `${trial} was begun${by}${data.attempt > 1 ? `, attempt ${data.attempt}` : ""}.`;
    case "trial.completed": return `${trial} is complete: ${number(data.value)}${data.seconds == null ? "" : ` after ${duration(data.seconds)}`}.`;
    case "trial.pruned": return `${trial} was stopped early: others were better at the same point.`;
    case "trial.failed": return `${trial} failed. ${reason(data.reason)}`;
    case "trial.cancelled": return `${trial} was stopped: the search ended first.`;
    case "trial.released": return `${trial} was given back${by}; the next free worker goes on with it.`;
    case "trial.retried": return `${trial} is tried again. ${AGAIN[data.reason] ?? reason(data.reason)}`;
    case "worker.lost": return `Worker ${data.worker ?? ""} went away; its trials are given to others.`;
    default: return `${type} ${JSON.stringify(data)}`;
  }
}
