// What few need to choose: folded away, and unfolded where the service finds something wrong in it.
import { useEffect, useState } from "../vendor/hooks.js";
import { get } from "../parts/api.js";
import { html } from "../parts/html.js";
import { Field, Select, described, shortened } from "./field.js";

const FIELDS = ["families", "search_space", "validation", "test_dataset_id", "objective", "seed", "priority", "ensemble", "name", "task.positive"];
const STRATEGIES = [
  ["auto", "automatic"], ["holdout", "one holdout"], ["kfold", "folds"], ["time", "by time"], ["group", "by group"],
];
const EXPLAINED = {
  auto: "Folds of small data, one holdout of large.", holdout: "The same rows judge every candidate.",
  kfold: "Each row judges once.", time: "Later rows judge what earlier ones taught.", group: "Rows of one group stay together.",
};

export function Choices({ draft, change, at, dataset, datasets, task, names, plan }) {
  const wrong = FIELDS.some((field) => at(field)) || at("validation.column") || at("validation.test_fraction")
    || at("objective.max_model_bytes") || at("objective.max_row_ms");
  const [open, setOpen] = useState(false);
  const text = (key, id, label, hint, field, kind = "text") => html`
    <${Field} id=${id} label=${label} hint=${hint} wrong=${at(field)}>
      <input ...${described(id, at(field))} value=${draft[key]} autocomplete="off" inputmode=${kind}
        onInput=${(event) => change({ [key]: event.target.value })} /><//>`;
  const held = ["time", "group"].includes(draft.strategy);
  const others = (datasets ?? []).filter((one) => one.id !== dataset.id && one.modality === dataset.modality);
  const classes = task === "classification" && plan?.task.type === task && plan.plan.classes?.length === 2 ? plan.plan.classes : null;
  return html`
    <details class="choices" open=${open || Boolean(wrong)} onToggle=${(event) => setOpen(event.target.open)}>
      <summary>More choices</summary>
      <div class="fields">
        ${text("name", "name", "Name", "Of the study, in lists.", "name")}
        ${classes && html`<${Field} id="positive" label="Positive class" hint="What precision, recall and F1 are of." wrong=${at("task.positive")}>
          <${Select} id="positive" value=${String(draft.positive ?? classes[1])} wrong=${at("task.positive")} options=${classes.map((one) => [String(one), String(one)])}
            pick=${(name) => change({ positive: classes.find((one) => String(one) === name) })} /><//>`}
        <${Field} id="strategy" label="Validation" hint=${EXPLAINED[draft.strategy]} wrong=${at("validation.strategy")}>
          <${Select} id="strategy" value=${draft.strategy} wrong=${at("validation.strategy")} pick=${(strategy) => change({ strategy })}
            options=${STRATEGIES.filter(([value]) => names.length || !["time", "group"].includes(value))} /><//>
        ${held && html`<${Field} id="split" label=${draft.strategy === "time" ? "Time column" : "Group column"} wrong=${at("validation.column")}
            hint=${draft.strategy === "time" ? "Dates or numbers that grow." : "Such as a patient or a site."}>
          <${Select} id="split" value=${draft.column} wrong=${at("validation.column")} pick=${(column) => change({ column })}
            options=${[["", "–"], ...names.map((name) => [name, shortened(name)])]} /><//>`}
        ${text("fraction", "fraction", "Test part, %", "Rows the search never sees, 0 to 50. Empty: 10 % from 5,000 rows on.", "validation.test_fraction", "decimal")}
        ${others.length > 0 && html`<${Field} id="test" label="Test rows from" hint="A dataset with the same columns." wrong=${at("test_dataset_id")}>
          <${Select} id="test" value=${draft.test} wrong=${at("test_dataset_id")} pick=${(test) => change({ test })}
            options=${[["", "this dataset"], ...others.map((one) => [one.id, shortened(one.name)])]} /><//>`}
        ${text("bytes", "bytes", "Largest model, MB", "Empty: no bound.", "objective.max_model_bytes", "decimal")}
        ${text("row", "row", "Slowest row, ms", "What predicting one row may take. Empty: no bound.", "objective.max_row_ms", "decimal")}
        ${text("seed", "seed", "Seed", "Another seed, other folds.", "seed", "numeric")}
        ${text("priority", "priority", "Priority", "0 to 9; 9 comes first.", "priority", "numeric")}
        <div class="field check"><label><input type="checkbox" checked=${draft.ensemble} onChange=${(event) => change({ ensemble: event.target.checked })} /> Ensemble</label>
          <small>Several trials weighted together; without, the best one alone.</small></div>
      </div>
      ${open || wrong ? html`<${Families} draft=${draft} change=${change} wrong=${at("families")} modality=${dataset.modality} task=${task} />` : ""}
      <${Field} id="space" label="Search space" wrong=${at("search_space")} wide
        hint=${'JSON by family that narrows or fixes hyperparameters: {"mlp": {"layers": [2, 3], "dropout": 0.1, "learning_rate": {"low": 0.0001, "high": 0.01, "log": true}}}'}>
        <textarea ...${described("space", at("search_space"))} rows="3" spellcheck="false" value=${draft.space} onInput=${(event) => change({ space: event.target.value })}></textarea><//>
    </details>`;
}

/** The families that serve this data: all are tried unless some are left out. */
function Families({ draft, change, wrong, modality, task }) {
  const [all, setAll] = useState([]);
  useEffect(() => {
    const stop = new AbortController();
    get("/v1/families", { signal: stop.signal }).then((page) => setAll(page.items), () => {}); // without them all are tried
    return () => stop.abort();
  }, []);
  const serving = all.filter((one) => one.tasks.includes(task) && one.modalities.includes(modality));
  if (!serving.length) return null;
  const chosen = draft.families ?? serving.map((one) => one.name);
  const toggle = (name) => {
    const next = serving.map((one) => one.name).filter((one) => (one === name) !== chosen.includes(one));
    change({ families: next.length === serving.length ? null : next });
  };
  return html`
    <fieldset class="families" aria-describedby="families-hint"><legend>Families</legend>
      <small id="families-hint" class=${wrong ? "wrong" : ""} aria-live="polite">${wrong || (draft.families ? "Exactly these are tried." : "All are tried that the budget has time for.")}</small>
      <div>${serving.map((one) => html`<label key=${one.name} title=${one.title}><input type="checkbox" checked=${chosen.includes(one.name)} onChange=${() => toggle(one.name)} /> ${one.name}</label>`)}</div>
    </fieldset>`;
}
