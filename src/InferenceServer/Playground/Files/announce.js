// Tells screen readers how it goes: seldom, and only the newest.
const Interval = 1500;

/** Returns say(text), which speaks through a polite live region. */
export function announcer(region) {
  let next = null;
  let quietUntil = 0;
  const flush = () => {
    if (next === null) return;
    region.textContent = next;
    next = null;
    quietUntil = performance.now() + Interval;
  };
  return text => {
    const waiting = next !== null;
    next = text;
    if (!waiting) setTimeout(flush, Math.max(0, quietUntil - performance.now()));
  };
}
