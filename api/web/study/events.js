// A study's log over one stream: fetch instead of EventSource, which cannot carry a key.
import { Problem, get, request } from "../parts/api.js";
import { ENDED } from "../parts/words.js";

const SILENCE = 40_000; // ms; the server pings every 15 s
const BACK_OFF = [250, 500, 1000, 2000, 4000];

/**
 * Follows the log behind `seq` until it ends or `signal` aborts; comes back by itself.
 *
 * @param take called with each event, in order, exactly once
 * @param connected called with true when the stream stands, with false when it broke
 * @param gone called with a Problem that coming back cannot mend
 */
export async function follow(studyId, seq, { signal, take, connected, gone }) {
  let failures = 0;
  while (!signal.aborted) {
    try {
      const ended = await read(studyId, seq, signal, () => { failures = 0; connected(true); }, (event) => {
        if (event.seq <= seq) return;
        seq = event.seq;
        take(event);
      });
      if (ended || await isOver(studyId, seq, signal)) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.status < 500 && error.status !== 429) return void gone(error);
    }
    connected(false);
    await sleep(BACK_OFF[Math.min(failures++, BACK_OFF.length - 1)], signal);
  }
}

async function read(studyId, seq, signal, opened, take) {
  const attempt = new AbortController();
  const stop = () => attempt.abort();
  signal.addEventListener("abort", stop);
  let silence = setTimeout(stop, SILENCE);
  let last = null;
  try {
    const response = await request(`/v1/studies/${studyId}/events?after=${seq}`, {
      headers: { Accept: "text/event-stream" }, signal: attempt.signal,
    });
    opened();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return last !== null && isEnd(last);
      clearTimeout(silence);
      silence = setTimeout(stop, SILENCE);
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const data = block.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
        if (data.length) take((last = JSON.parse(data.join("\n"))));
      }
    }
  } finally {
    clearTimeout(silence);
    signal.removeEventListener("abort", stop);
    attempt.abort();
  }
}

/** A server that stops ends its streams too: whether the log is over, the study tells. */
async function isOver(studyId, seq, signal) {
  const study = await get(`/v1/studies/${studyId}`, { signal });
  return ENDED.includes(study.status) && study.last_seq <= seq;
}

const isEnd = (event) => ["study.succeeded", "study.failed", "study.cancelled"].includes(event.type);

function sleep(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
