// Scales: from values to places on a drawing, with ticks that read well.
import { duration, number } from "./words.js";

const LETTER = 6.4; // px that one takes, at the 11 px of our drawings

/**
 * Returns {ticks: [{value, text}], at(value)} between two places.
 *
 * @param values numbers that must fit, or the names of the places themselves
 * @param kind "number", "whole", "log", "time" (seconds) or "names"
 * @param most how many ticks there is room for
 */
export function axis(values, from, to, kind = "number", most = 6) {
  if (kind === "names") return places(values, from, to);
  const [low, high] = apart(range(values), kind);
  if (kind === "log") return powers(low, high, from, to, most);
  const step = (kind === "time" ? clock : nice)((high - low) / (most - 1), kind === "whole");
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step) {
    const value = Number(tick.toPrecision(10));
    ticks.push({ value, text: kind === "time" ? brief(value) : number(value) });
  }
  return { ticks, at: (value) => from + ((value - low) / (high - low)) * (to - from) };
}

/** Returns the lowest and the highest number; an argument list would not hold many thousand. */
export function range(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
  return [low, high];
}

/** Returns whether numbers read better by their logarithm: all positive, over two powers of ten. */
export function wide(values) {
  const [low, high] = range(values);
  return low > 0 && high / low >= 100;
}

/** Returns where a tick's text stands under its place, so that neither end of the drawing cuts it. */
export function under(at, text, width) {
  const half = (LETTER / 2) * text.length;
  if (at - half < 0) return { x: 0, "text-anchor": "start" };
  if (at + half > width) return { x: width, "text-anchor": "end" };
  return { x: at, "text-anchor": "middle" };
}

function apart([low, high], kind) {
  if (low !== high) return [low, high];
  if (kind === "log") return [low / 2, high * 2];
  if (kind === "whole" || kind === "time") return [low, high + 1];
  const room = Math.abs(low) / 10 || 1;
  return [low - room, high + room];
}

function places(names, from, to) {
  const step = (to - from) / Math.max(1, names.length);
  const at = (name) => from + (names.indexOf(name) + 0.5) * step;
  const room = to > from ? Math.max(3, Math.floor(step / LETTER)) : 12; // from the left, else from below
  return { ticks: names.map((name) => ({ value: name, text: cut(String(name), room) })), at };
}

/** Returns at most so many letters of a text. */
export const cut = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

function powers(low, high, from, to, most) {
  const [first, last] = [Math.log10(low), Math.log10(high)];
  const exponents = [];
  for (let power = Math.ceil(first - 1e-9); power <= last + 1e-9; power += 1) exponents.push(power);
  const every = Math.ceil(exponents.length / most);
  let values = exponents.filter((_, index) => index % every === 0).map((power) => 10 ** power);
  if (values.length < 2) values = [low, high];
  const at = (value) => from + ((Math.log10(value) - first) / (last - first)) * (to - from);
  return { ticks: values.map((value) => ({ value, text: number(value, 3) })), at };
}

/** Returns the next step that reads well: 1, 2 or 5 times a power of ten. */
function nice(step, whole) {
  const power = 10 ** Math.floor(Math.log10(step));
  const found = power * [1, 2, 5, 10].find((factor) => factor * power >= step * 0.999);
  return whole ? Math.max(1, Math.round(found)) : found;
}

const CLOCK = [10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];

const clock = (step) => (step < 5 ? nice(step) : CLOCK.find((one) => one >= step) ?? 86400 * nice(step / 86400, true));

const brief = (seconds) => (seconds < 10 ? `${number(seconds)} s` : duration(seconds));
