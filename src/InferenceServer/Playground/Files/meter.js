// Figures of one generation, measured as its tokens arrive.

export class Meter {
  constructor(now = () => performance.now()) {
    this.now = now;
    this.start = now();
    this.first = this.firstAnswer = this.last = null;
    this.counts = { thought: 0, answer: 0 };
  }

  /** A token has arrived; text that belongs to an earlier one is not counted. */
  token({ channel, id }) {
    this.last = this.now();
    this.first ??= this.last;
    if (channel === "answer") this.firstAnswer ??= this.last;
    if (id !== null) this.counts[channel]++;
  }

  /** What was sent on the channel is void. */
  restart(channel) {
    this.counts[channel] = 0;
    if (channel === "answer") this.firstAnswer = null;
  }

  /** Milliseconds, tokens, and tokens per second from the request to the newest token; null = not known yet. */
  figures() {
    const since = time => time === null ? null : time - this.start;
    const total = this.counts.thought + this.counts.answer;
    return {
      rate: this.last === null || this.last === this.start ? null : total * 1000 / (this.last - this.start),
      first: since(this.first),
      answer: since(this.firstAnswer),
      thoughts: this.counts.thought,
      answers: this.counts.answer,
    };
  }
}

export function milliseconds(value) {
  if (value === null) return "–";
  if (value < 10) return `${value.toFixed(1)} ms`;
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(2)} s`;
}

export const rate = value => value === null ? "–" : value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
