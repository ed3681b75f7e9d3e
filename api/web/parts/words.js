// How numbers, states and reasons read.

export const ENDED = ["succeeded", "failed", "cancelled"];

export const STATUS = {
  queued: "Waiting for a worker", running: "Searching", paused: "Paused",
  finalizing: "Building the model", succeeded: "Done", failed: "Failed", cancelled: "Cancelled",
};

export const METRICS = {
  classification: ["roc_auc", "log_loss", "accuracy", "balanced_accuracy", "f1", "f1_macro", "precision",
    "recall", "average_precision"],
  regression: ["rmse", "mae", "r2", "mape", "rmsle"],
};

const METRIC = {
  roc_auc: "ROC AUC", log_loss: "log loss", accuracy: "accuracy", balanced_accuracy: "balanced accuracy",
  f1: "F1", f1_macro: "F1 (macro)", precision: "precision", recall: "recall",
  average_precision: "average precision", rmse: "RMSE", mae: "MAE", r2: "R²", mape: "MAPE", rmsle: "RMSLE",
};

export const metricName = (name) => METRIC[name] ?? name;

const REASONS = {
  NON_FINITE_LOSS: "The training diverged: its loss became infinite or not a number.",
  OUT_OF_MEMORY: "The training needed more memory than it may use.",
  TIME_LIMIT: "The training took longer than one trial may take.",
  WORKER_LOST: "The machine that trained it went away too often.",
  WORKER_CRASH: "The training process crashed again and again.",
  DISK_FULL: "There was no space left on the disk.",
  INVALID_CANDIDATE: "These settings cannot be trained on this data.",
  INTERNAL: "Something went wrong inside the service; its log has more.",
};

/** Returns in plain words why a trial failed. */
export const reason = (name) => REASONS[name] ?? name ?? "It failed.";

export function trialNote(trial) {
  switch (trial.state) {
    case "failed": return reason(trial.reason);
    case "pruned": return "Stopped early: others were better at the same point.";
    case "cancelled": return "Stopped because the search ended first.";
    case "waiting": return "Given back; the next free worker goes on with it.";
    default: return "";
  }
}

const FAILURES = {
  NO_TRIAL_COMPLETED: "No candidate could be trained to the end.",
  DATASET_UNUSABLE: "The dataset cannot be used: not for this task, or its stored bytes are gone.",
  EXPORT_FAILED: "The model could not be written as a file.",
  NO_WORKER: "No worker was there to train. Start one, then resume the study.",
  DISK_FULL: "There was no space left for the model. Make room, then resume the study.",
  INTERNAL: "Something went wrong inside the service; its log has more.",
};

export const studyFailure = (error) => FAILURES[error.reason] ?? error.reason;

export function number(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString("en", { useGrouping: "min2" }); // 2023, 12,345
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(Math.max(1, digits - 2));
  if (size >= 1000) return value.toLocaleString("en", { maximumFractionDigits: 1, useGrouping: "min2" });
  return String(Number(value.toPrecision(digits)));
}

/** Returns a share of rows in per cent. */
export function percent(count, rows) {
  const share = (100 * count) / rows;
  return share > 0 && share < 0.1 ? "< 0.1 %" : `${number(share, 2 + (share >= 99))} %`;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (hours) return minutes ? `${hours} h ${String(minutes).padStart(2, "0")} min` : `${hours} h`;
  return rest ? `${minutes} min ${String(rest).padStart(2, "0")} s` : `${minutes} min`;
}

export function bytes(count) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (count >= 1000 && unit < units.length - 1) { count /= 1000; unit += 1; }
  return `${unit ? count.toFixed(1) : count} ${units[unit]}`;
}

export const moment = (text) => (text ? new Date(text).toLocaleString() : "–");

/** Returns the budget that a text asks for, or null: "90", "90s", "5m", "1h", "20 trials", "5m, 20 trials". */
export function budget(text) {
  const units = { "": 1, s: 1, m: 60, min: 60, h: 3600 };
  const found = { seconds: null, trials: null };
  for (const part of text.toLowerCase().split(",")) {
    const match = /^\s*(\d+(?:\.\d+)?)\s*(s|m|min|h|trials?|)\s*$/.exec(part);
    if (!match) return null;
    const [amount, unit] = [Number(match[1]), match[2]];
    if (amount <= 0) return null;
    if (unit.startsWith("trial")) {
      if (!Number.isInteger(amount)) return null;
      found.trials = amount;
    } else found.seconds = amount * units[unit];
  }
  return found;
}

export function budgetText({ seconds, trials }) {
  const parts = [];
  if (seconds !== null) parts.push(duration(seconds));
  if (trials !== null) parts.push(`${trials} trial${trials === 1 ? "" : "s"}`);
  return parts.join(", ");
}
