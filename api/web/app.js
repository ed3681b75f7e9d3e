// The page: which view the address asks for, and the prompt for a key.
import { render } from "./vendor/preact.js";
import { useEffect, useRef, useState } from "./vendor/hooks.js";
import { key, onUnauthorized } from "./parts/api.js";
import { Home } from "./start/home.js";
import { html } from "./parts/html.js";
import { LISTS } from "./lists/pages.js";
import { ResultPage } from "./result/page.js";
import { StudyPage } from "./study/study.js";

function App() {
  const [hash, setHash] = useState(location.hash);
  const [locked, setLocked] = useState(false);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const changed = () => { setHash(location.hash); window.scrollTo(0, 0); };
    addEventListener("hashchange", changed);
    const stop = onUnauthorized(() => setLocked(true));
    return () => { removeEventListener("hashchange", changed); stop(); };
  }, []);
  const seen = useRef(place(hash));
  useEffect(() => { // what had the focus is gone: the keyboard goes on from the new view
    if (seen.current !== place(hash)) document.getElementById("main").focus();
    seen.current = place(hash);
  }, [hash]);
  const unlock = (text) => { key.write(text); setLocked(false); setRound(round + 1); };
  return html`
    <a class="skip" href="#main" onClick=${toMain}>Skip to the content</a>
    <header class="top"><h1><a href="#/">AutoML</a></h1>
      <nav aria-label="Pages"><a href="#/">Start</a> ${Object.keys(LISTS).map((name) => html`<a key=${name} href=${`#/${name}`} aria-current=${hash === `#/${name}` ? "page" : null}>${name[0].toUpperCase()}${name.slice(1)}</a>`)} <a href="/docs">API</a>
        ${key.read() && html`<button class="link" onClick=${() => { key.write(null); setLocked(true); }}>Forget key</button>`}</nav></header>
    <main id="main" tabindex="-1">${locked ? html`<${KeyPrompt} done=${unlock} />` : html`<${View} key=${round} hash=${hash} />`}</main>`;
}

/** Choosing another dataset stays on the same view. */
const place = (hash) => (hash.startsWith("#/datasets/") ? "#/" : hash || "#/");

function View({ hash }) {
  const [, kind, id, part, trial] = hash.split("/");
  if (kind === "studies" && part === "result") return html`<${ResultPage} key=${id} studyId=${id} />`;
  if (kind === "studies" && id) return html`<${StudyPage} key=${hash} studyId=${id} asked=${part === "trials" ? Number(trial) : null} />`;
  if (LISTS[kind] && !id) return html`<${LISTS[kind]} key=${kind} />`;
  return html`<${Home} datasetId=${kind === "datasets" ? id : null} />`;
}

function KeyPrompt({ done }) {
  const [text, setText] = useState("");
  const submit = (event) => { event.preventDefault(); done(text.trim()); };
  return html`
    <form class="start" onSubmit=${submit}>
      <div class="field"><label for="key">API key</label>
        <input id="key" type="password" autocomplete="off" value=${text} onInput=${(event) => setText(event.target.value)} />
        <small>${key.read() ? "The key was not accepted." : "This service wants a key."} It is kept until this tab is closed.</small></div>
      <div class="field"><span class="label" aria-hidden="true">${"\u00a0"}</span><button class="primary" type="submit" disabled=${!text.trim()}>Continue</button></div>
    </form>`;
}

function toMain(event) {
  event.preventDefault(); // the address belongs to the views
  document.getElementById("main").focus();
}

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
