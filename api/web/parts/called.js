// What a study is called: by its name or, where nobody gave one, by its dataset and what it predicts.
import { useEffect, useState } from "../vendor/hooks.js";
import { get } from "./api.js";

/** @param dataset the name of the study's dataset, where it is known */
export const called = ({ id, name, task }, dataset) =>
  name ?? ([dataset, task.target].filter(Boolean).join(": ") || id);

/** Returns what to call a study, which may be null as long as nobody knows it. */
export function useCalled(study) {
  const [dataset, setDataset] = useState(null);
  const asked = study && study.name === null ? study.dataset_id : null;
  useEffect(() => {
    if (asked === null) return undefined;
    const stop = new AbortController();
    get(`/v1/datasets/${asked}`, { signal: stop.signal }).then(({ name }) => setDataset(name), () => {}); // deleted since
    return () => stop.abort();
  }, [asked]);
  return study && called(study, dataset);
}
