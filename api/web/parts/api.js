// Requests to the service: the key, problems in plain words, uploads with progress.

const KEY = "automl.key";

export const key = {
  read: () => sessionStorage.getItem(KEY),
  write: (text) => (text ? sessionStorage.setItem(KEY, text) : sessionStorage.removeItem(KEY)),
};

/** A refusal or failure: `message` is the server's own detail, `places` the fields or lines at fault. */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail || `The server answered with status ${status}.`);
    this.status = status;
    this.reason = body?.reason ?? null;
    this.errors = body?.errors ?? [];
    this.places = untold(this.errors, this.message).map(place);
  }
}

/** A single bad line that the detail has named already need not be said twice. */
const untold = (errors, detail) =>
  (errors.length === 1 && errors[0].line != null && detail.includes(`ine ${errors[0].line} `) ? [] : errors);

/** No answer at all. */
class Away extends Error {
  constructor() {
    super("The server cannot be reached. Is it running?");
    this.errors = [];
    this.places = [];
  }
}

function place({ field, line, column, message }) {
  if (line != null) return `Line ${line}${column != null ? `, column ${column}` : ""}: ${message}`;
  return field ? `${field}: ${message}` : message;
}

let ahead = 0; // ms by which the service's clock is before ours

/** Returns the moment it is by the service's clock, in ms. */
export const now = () => Date.now() + ahead;

/** Learns the service's clock from an answer, whose date is whole seconds and has been on its way. */
function learn(response) {
  const off = Date.parse(response.headers.get("Date")) - Date.now();
  if (Math.abs(off - ahead) > 3000) ahead = off;
}

const listeners = new Set();

/** Calls `listener` whenever the service asks for a key; returns how to stop that. */
export function onUnauthorized(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function unauthorized() {
  for (const listener of listeners) listener();
}

function authorization() {
  return key.read() ? { Authorization: `Bearer ${key.read()}` } : {};
}

/** Returns the response of a request that succeeded; throws Problem or Away. A Blob is sent as it is. */
export async function request(path, { method = "GET", body, headers = {}, signal } = {}) {
  const sent = { Accept: "application/json", ...authorization(), ...headers };
  const raw = body === undefined || body instanceof Blob;
  if (!raw) sent["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, {
      method, headers: sent, signal, body: raw ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Away();
  }
  learn(response);
  if (response.ok) return response;
  if (response.status === 401) unauthorized();
  throw new Problem(response.status, await response.json().catch(() => null));
}

export const get = async (path, options) => (await request(path, options)).json();

export const post = async (path, body, headers) =>
  (await request(path, { method: "POST", body, headers })).json();

/** A key under which a repeated request gives the first answer again. */
export function once() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return { "Idempotency-Key": Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") };
}

/** Uploads a file, read as a modality if one is given; `progress` is called with the share that was sent. */
export function upload(file, progress, { modality, signal } = {}) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    if (modality) form.append("modality", modality);
    form.append("file", file, file.name);
    const sender = new XMLHttpRequest(); // fetch cannot tell how much of a body was sent
    sender.open("POST", "/v1/datasets");
    sender.responseType = "json";
    for (const [name, value] of Object.entries({ ...authorization(), ...once() })) {
      sender.setRequestHeader(name, value);
    }
    sender.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    sender.onerror = () => reject(new Away());
    sender.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal?.addEventListener("abort", () => sender.abort());
    sender.onload = () => {
      if (sender.status === 201) return resolve(sender.response);
      if (sender.status === 401) unauthorized();
      return reject(new Problem(sender.status, sender.response));
    };
    sender.send(form);
  });
}

/** Saves what a path answers with. A plain link cannot carry the key. */
export async function save(path, filename, headers) {
  const content = await (await request(path, { headers })).blob();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
