// Shows events one after the other, no faster than the eye: small models are done before one has looked up.

export class Pace {
  /** perSecond: tokens shown each second; 0 = all at once. */
  constructor(perSecond, show) {
    this.interval = perSecond > 0 ? 1000 / perSecond : 0;
    this.show = show;
    this.queue = [];
    this.timer = null;
    this.emptied = null;
    this.free = 0;
    this.skipped = null;
  }

  add(event) {
    this.queue.push(event);
    // Nobody should read at leisure what has been taken back.
    if (event.name === "restart") this.flush();
    else this.schedule();
  }

  /** Until everything has been shown, or dropped. */
  drained() {
    return this.queue.length === 0 ? Promise.resolve() : new Promise(resolve => { this.emptied = resolve; });
  }

  flush() {
    while (this.queue.length > 0) this.show(this.queue.shift());
    this.end();
  }

  /** From now on events of this name are shown without a pause: nobody waits for them any more. */
  skim(name) {
    this.skipped = name;
    this.free = 0;
    this.pause();
    this.schedule();
  }

  /** From now on everything is shown at once. */
  hurry() {
    this.interval = 0;
    this.free = 0;
    this.flush();
  }

  /** Forgets what has not been shown. */
  drop() {
    this.queue.length = 0;
    this.end();
  }

  schedule() {
    this.timer ??= setTimeout(() => this.next(), Math.max(0, this.free - performance.now()));
  }

  next() {
    this.timer = null;
    // Timers are coarse: what is due is shown together.
    while (this.queue.length > 0 && performance.now() >= this.free) {
      const event = this.queue.shift();
      this.show(event);
      const isToken = event.name === "thought" || event.name === "answer";
      if (isToken && event.name !== this.skipped) this.free = Math.max(this.free, performance.now() - 100) + this.interval;
    }
    if (this.queue.length > 0) this.schedule();
    else this.end();
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  end() {
    this.pause();
    this.emptied?.();
    this.emptied = null;
  }
}
