// What there is to know of a study, kept up to date: a snapshot first, then its events behind it.
import { useCallback, useEffect, useRef, useState } from "../vendor/hooks.js";
import { get } from "../parts/api.js";
import { ENDED } from "../parts/words.js";
import { follow } from "./events.js";
import { begin, fold, join, recall, refresh } from "./fold.js";

const DRAW = 150; // ms: a burst of events is drawn once
const REST = 4; // of the time, drawing takes at most one part in so many
const FIRST = 100; // the best trials are shown before the others have come
const PAGE = 500;
const BACK = 4000; // events of the past that are read when somebody asks for them

/** Follows a study; `lookBack` reads its recent past once. */
export function useStudy(studyId) {
  const [state, setState] = useState(null);
  const [online, setOnline] = useState(true);
  const [problem, setProblem] = useState(null);
  const held = useRef(null);
  const waiting = useRef([]); // events that no drawing has folded in yet
  const again = useRef(0);
  const recalling = useRef(false);
  const [round, setRound] = useState(0);

  const now = () => {
    if (waiting.current.length) held.current = fold(held.current, waiting.current);
    waiting.current = [];
    return held.current;
  };

  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    let [timer, took] = [null, 0];
    const show = () => {
      timer = null;
      const began = performance.now();
      setState(now());
      requestAnimationFrame(() => { took = performance.now() - began; });
    };
    const draw = () => { timer ??= setTimeout(show, Math.max(DRAW, REST * took)); };
    const look = async () => {
      const mine = ++again.current;
      try {
        const study = await get(`/v1/studies/${studyId}`, { signal });
        if (mine !== again.current) return;
        held.current = refresh(now(), study);
        draw();
      } catch { /* the stream comes back, and then we look again */ }
    };
    let broken = false;
    const run = async () => {
      const study = await get(`/v1/studies/${encodeURIComponent(studyId)}`, { signal });
      waiting.current = [];
      const best = await trials(studyId, `sort=value&limit=${FIRST}`, signal);
      held.current = begin(study, best.items, !best.next_cursor);
      show();
      if (best.next_cursor) {
        for await (const items of everyTrial(studyId, signal)) { held.current = join(held.current, items); draw(); }
        held.current = { ...held.current, whole: true };
        draw();
      }
      await follow(studyId, study.last_seq, {
        signal,
        take: (event) => {
          waiting.current.push(event);
          draw();
          if (event.type.startsWith("study.") && event.type !== "study.best") look();
        },
        connected: (is) => {
          setOnline(is);
          if (is && broken) look();
          broken = !is;
        },
        gone: setProblem,
      });
    };
    const retry = () => run().catch((error) => {
      if (signal.aborted) return;
      setProblem(error);
      if (error.status === undefined || error.status >= 500) timer = setTimeout(() => { timer = null; setProblem(null); retry(); }, 2000);
    });
    setProblem(null);
    setOnline(true);
    retry();
    return () => { stop.abort(); clearTimeout(timer); again.current += 1; };
  }, [studyId, round]);

  const setStudy = (study) => {
    const over = ENDED.includes(held.current.study.status) && !ENDED.includes(study.status);
    held.current = refresh(now(), study);
    again.current += 1;
    setState(held.current);
    if (over) setRound((one) => one + 1); // an ended study goes on: its stream had ended
  };
  const lookBack = useCallback(async () => {
    const { study, logFrom } = held.current;
    const after = Math.max(0, study.last_seq - BACK);
    if (logFrom <= after || recalling.current) return;
    recalling.current = true;
    const events = await past(studyId, after, logFrom).catch(() => null); // asked again at the next opening
    recalling.current = false;
    if (!events || held.current.logFrom !== logFrom) return;
    held.current = recall(now(), events, after);
    setState(held.current);
  }, [studyId]);
  return { state: state?.study.id === studyId ? state : null, online, problem, setStudy, lookBack };
}

const trials = (studyId, query, signal) => get(`/v1/studies/${studyId}/trials?${query}`, { signal });

async function* everyTrial(studyId, signal) {
  let cursor = "";
  do {
    const page = await trials(studyId, `limit=${PAGE}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, signal);
    yield page.items;
    cursor = page.next_cursor ?? "";
  } while (cursor);
}

/** Returns the events behind number `after`, up to number `until`. */
async function past(studyId, after, until) {
  const found = [];
  while (after < until) {
    const { items } = await get(`/v1/studies/${studyId}/events?after=${after}&limit=${PAGE}`);
    if (!items.length) break;
    found.push(...items.filter((event) => event.seq <= until));
    after = items.at(-1).seq;
  }
  return found;
}
