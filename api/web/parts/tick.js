// What changes with the clock alone is drawn anew every second.
import { useEffect, useState } from "../vendor/hooks.js";

export function useTick(moving) {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!moving) return undefined;
    const timer = setInterval(() => tick((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, [moving]);
}
