// How large an element is drawn, kept up to date.
import { useLayoutEffect, useState } from "../vendor/hooks.js";

/** Returns the width and height in pixels of what `ref` holds; `first` until it is known. */
export function useSize(ref, first) {
  const [size, setSize] = useState(first);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    let frame = null;
    const look = () => {
      frame = null;
      const [width, height] = [Math.round(element.clientWidth), Math.round(element.clientHeight)];
      if (width) setSize((old) => (old.width === width && old.height === height ? old : { width, height }));
    };
    look();
    const watcher = new ResizeObserver(() => { frame ??= requestAnimationFrame(look); });
    watcher.observe(element);
    return () => { watcher.disconnect(); cancelAnimationFrame(frame); };
  }, []);
  return size;
}
