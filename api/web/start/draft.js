// What a person asks of a study: defaults that follow from the dataset and from each other, and the
// request that they make.
import { METRICS, budget } from "../parts/words.js";

export const PRESETS = [["1 min", "1m"], ["5 min", "5m"], ["1 h", "1h"]];

/** Returns the first draft; `beside` names what stands beside arrays and could be predicted. */
export function begin(dataset, beside) {
  return {
    target: beside ? beside[0] ?? "" : likelyTarget(dataset), task: null, metric: "auto", positive: null, time: "5m",
    name: dataset.name, columns: {}, families: null, space: "", strategy: "auto", column: "", fraction: "", test: "",
    bytes: "", row: "", seed: "0", priority: "5", ensemble: true,
  };
}

/** Returns the column to predict, the task and the metric that a draft comes to. */
export function settle(draft, dataset, beside) {
  const column = dataset.columns.find((one) => one.name === draft.target);
  const kind = draft.columns[draft.target]?.kind ?? column?.kind;
  const likely = beside ? (dataset.classes ? "classification" : "regression") : likelyTask(kind, column);
  const task = draft.task ?? likely;
  return { column, task, metric: METRICS[task].includes(draft.metric) ? draft.metric : "auto" };
}

/**
 * Returns [the request, what is wrong with the draft by the field of the request]; the request is
 * null where something is.
 */
export function request(draft, dataset, beside) {
  const wrong = {};
  const number = (text, field, { low, high, whole = false, scale = 1 }, none = null) => {
    if (text.trim() === "") return none;
    const value = Number(text);
    if (Number.isFinite(value) && value >= low && value <= high && (!whole || Number.isInteger(value))) return value * scale;
    wrong[field] = `${whole ? "A whole number" : "A number"} from ${low}${high < 1e15 ? ` to ${high}` : " on"}.`;
    return none;
  };
  const asked = budget(draft.time);
  if (!asked) wrong.budget = "Write 90s, 5m, 1h or 20 trials.";
  const { task, metric } = settle(draft, dataset, beside);
  const bySplit = ["time", "group"].includes(draft.strategy);
  if (bySplit && !draft.column) wrong["validation.column"] = `Choose the column that says the ${draft.strategy}.`;
  if (draft.families?.length === 0) wrong.families = "At least one is needed.";
  const size = number(draft.bytes, "objective.max_model_bytes", { low: 0.001, high: 1e9, scale: 1e6 });
  const body = {
    dataset_id: dataset.id, test_dataset_id: draft.test || null,
    task: { type: task, target: draft.target || null, metric, positive: task === "classification" ? draft.positive : null },
    columns: draft.columns, budget: asked, families: draft.families, search_space: space(draft.space, wrong),
    validation: {
      strategy: draft.strategy, column: bySplit ? draft.column : null,
      test_fraction: number(draft.fraction, "validation.test_fraction", { low: 0, high: 50, scale: 0.01 }, "auto"),
    },
    objective: {
      max_model_bytes: size === null ? null : Math.round(size),
      max_row_ms: number(draft.row, "objective.max_row_ms", { low: 0.0001, high: 1e9 }),
    },
    seed: number(draft.seed, "seed", { low: 0, high: Number.MAX_SAFE_INTEGER, whole: true }, 0),
    priority: number(draft.priority, "priority", { low: 0, high: 9, whole: true }, 5),
    ensemble: draft.ensemble, name: draft.name.trim() || null,
  };
  return [Object.keys(wrong).length ? null : body, wrong];
}

/** Returns what the service says of a field of the request, or of a part of it. */
export function told(problem, field) {
  const errors = (problem?.errors ?? []).filter((one) => one.field === field || one.field?.startsWith(`${field}.`));
  return errors.map((one) => (one.field === field ? one.message : `${one.field.slice(field.length + 1)}: ${one.message}`)).join(" ");
}

/** Returns a draft's columns with one corrected; what is as it was found needs no word. */
export function correct(columns, { name, kind: found }, change) {
  const { kind = found, use = true } = { ...columns[name], ...change };
  const { [name]: _, ...others } = columns;
  if (kind === found && use) return others;
  return { ...others, [name]: { ...(kind !== found && { kind }), ...(!use && { use }) } };
}

function space(text, wrong) {
  if (!text.trim()) return null;
  try {
    const found = JSON.parse(text);
    if (found !== null && typeof found === "object" && !Array.isArray(found)) return found;
    wrong.search_space = 'An object by family, such as {"mlp": {"layers": [2, 3]}}.';
  } catch (error) {
    wrong.search_space = `Not JSON yet: ${error.message}`;
  }
  return null;
}

const POOR = ["id", "constant", "text", "datetime"];

function likelyTarget({ columns }) {
  const named = columns.find((column) => /^(target|label|class|y)$/i.test(column.name));
  const good = columns.filter((column) => !POOR.includes(column.kind));
  return (named ?? good.at(-1) ?? columns.at(-1)).name;
}

const likelyTask = (kind, column) => (kind === "numeric" && column.unique > 20 ? "regression" : "classification");
