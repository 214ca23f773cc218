// One generation from request to end: asks, measures what arrives, shows it at the chosen pace, and takes commands.
import * as api from "./api.js";
import { Meter } from "./meter.js";
import { Pace } from "./pace.js";

export class Run {
  /** body: of the request. pace: tokens shown each second. say: for screen readers. changed: called as it goes on. */
  constructor(stage, body, { pace, say, changed }) {
    Object.assign(this, { stage, body, say, changed });
    this.abort = new AbortController();
    this.id = null;
    this.arrived = false; // everything the server had to say
    this.over = false; // everything has been shown
    this.replacement = null; // the thought the user gave it on the way
    this.pace = new Pace(pace, event => this.show(event));
  }

  /** Until all has been shown. Throws what the server refused. */
  async start() {
    this.stage.begin(this.body.thought ?? null);
    this.meter = new Meter();
    try {
      for await (const event of api.generate(this.body, this.abort.signal)) this.receive(event);
      this.arrived = true;
      await this.pace.drained();
      this.over = true;
    } catch (error) {
      if (this.over) return; // abandoned
      this.pace.flush();
      this.arrived = this.over = true;
      this.stage.halt("It broke off here.");
      throw error;
    }
  }

  receive({ name, data }) {
    if (name === "start") this.id = data.id;
    if (name === "thought" || name === "answer") this.meter.token(data);
    if (name === "restart") this.meter.restart(data.channel);
    if (name === "error") throw new api.ApiError(500, data.error);
    this.pace.add({ name, data });
  }

  show({ name, data }) {
    if (name === "thought" || name === "answer") {
      if (this.stage.root.dataset.phase !== phaseOf(name)) this.say(name === "thought" ? `Thinking, in layer ${data.layer}.` : `Answering, from layer ${data.layer}.`);
      this.stage.token(data);
    }
    if (name === "peek") this.stage.peek(data);
    if (name === "restart") this.restart(data.channel);
    if (name === "done") {
      this.stage.done(data);
      this.say(`Answer: ${this.stage.answerText()}`);
    }
    this.stage.figures(this.meter.figures());
    this.changed();
  }

  restart(channel) {
    if (channel === "thought" && this.replacement !== null) this.stage.supply(this.replacement);
    else this.stage.clear(channel);
  }

  /** Whether the thought is still being shown. */
  get thinks() {
    return !this.over && ["waiting", "thinking"].includes(this.stage.root.dataset.phase);
  }

  /** Ends the thought. Returns what to ask again with, where the server had long finished what the eye had not. */
  async answerNow() {
    if (await this.command(id => api.speak(id))) {
      this.pace.skim("thought");
      return null;
    }
    const thought = this.stage.thoughtText();
    this.abandon();
    return thought;
  }

  /** Gives it another thought. Returns it where a new request has to carry it. */
  async rethink(thought) {
    this.replacement = thought;
    if (await this.command(id => api.replaceThought(id, thought))) {
      this.stage.supply(thought);
      return null;
    }
    this.abandon();
    return thought;
  }

  /** Ends it with what has been said so far, or, where the server is done, with what has been shown. */
  async stop() {
    if (this.over) return;
    if (!this.arrived && await this.command(id => api.cancel(id))) this.pace.hurry();
    else this.abandon("You stopped it.");
  }

  /** Shows no more of it. */
  abandon(note = "") {
    if (this.over) return;
    this.over = true;
    this.abort.abort();
    this.pace.drop();
    this.stage.halt(note);
  }

  async command(send) {
    if (this.arrived || !this.id) return false;
    try {
      await send(this.id);
      return true;
    } catch (error) {
      // It has just ended, or answers already: there is another way.
      if (error.status === 404 || error.status === 409) return false;
      throw error;
    }
  }
}

const phaseOf = name => name === "thought" ? "thinking" : "answering";
