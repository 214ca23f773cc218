// Where one generation is seen: its layers, its two voices, its figures.
import { byId } from "./dom.js";
import { drawLayers } from "./strip.js";
import { admitTab, bindTokens, tokenElement } from "./tokens.js";
import { closeRow, thoughtRow, warm } from "./weights.js";
import { milliseconds, rate } from "./meter.js";

const ClosedBy = {
  model: "The model ended its thought itself.",
  budget: "Your budget ended the thought.",
  command: "You ended the thought.",
  supplied: "Your thought: the model only answered.",
  off: "Thoughts were switched off.",
};

const Ended = {
  length: "Cut at max tokens.",
  cancelled: "You stopped it.",
};

const Silent = "Thoughts are off on this side.";

export class Stage {
  /** inspect(token, element, model) is called for the token the user looks at. */
  constructor(inspect) {
    this.root = byId("stage-template").content.cloneNode(true).firstElementChild;
    this.following = new Set();
    this.title = this.root.querySelector(".stage-title");
    this.voices = Object.fromEntries([...this.root.querySelectorAll(".voice")].map(voice => [voice.dataset.voice, parts(voice)]));
    for (const voice of Object.values(this.voices)) bindTokens(voice.text, (token, element) => inspect(token, element, this.model));
  }

  /** Shows a model that has not been asked yet. */
  show(model, description, { title = "", silent = false } = {}) {
    Object.assign(this, { model, description, silent });
    this.title.textContent = title;
    this.title.hidden = !title;
    drawLayers(this.root, model, description);
    this.root.classList.toggle("silent", silent);
    this.rest();
  }

  /** Nothing has been said yet. */
  rest() {
    const { model, description } = this;
    for (const [channel, voice] of Object.entries(this.voices)) {
      const layer = channel === "thought" ? description.thoughtLayer : description.answerLayer;
      voice.from.textContent = `layer ${layer} of ${model.layers}`;
      this.clear(channel);
      voice.note.textContent = description.waiting[channel] ?? "";
    }
    if (this.silent) this.voices.thought.note.textContent = Silent;
    this.phase("idle");
    this.figures({ rate: null, first: null, answer: null, thoughts: null, answers: null });
  }

  /** A generation begins; a thought that was supplied is shown as such. */
  begin(supplied = null) {
    this.clear("thought");
    this.clear("answer");
    for (const voice of Object.values(this.voices)) voice.note.textContent = "";
    if (supplied !== null) this.supply(supplied);
    this.phase("waiting");
  }

  /** Shows the user's own thought in place of the model's. */
  supply(thought) {
    const { text } = this.voices.thought;
    this.clear("thought");
    text.textContent = thought;
    text.classList.add("supplied");
    this.supplied = thought;
  }

  token(token) {
    const voice = this.voices[token.channel];
    const element = tokenElement(token);
    this.follow(voice.text);
    this.place(token, element);
    if (token.id !== null) voice.tokens.push(token);
    voice.count.textContent = plural(voice.tokens.length);
    voice.last?.classList.remove("newest");
    element.classList.add("newest");
    voice.last = element;
    this.phase(token.channel === "thought" ? "thinking" : "answering");
  }

  /** Keeps the newest token in sight, unless the user has scrolled up. Once a frame: measuring is dear. */
  follow(text) {
    if (this.following.has(text)) return;
    this.following.add(text);
    const atEnd = text.scrollHeight - text.scrollTop - text.clientHeight < 24;
    requestAnimationFrame(() => {
      this.following.delete(text);
      if (atEnd) text.scrollTop = text.scrollHeight;
    });
  }

  // Quiet-STaR gives each token a weight: its thoughts stand in rows.
  place(token, element) {
    if (token.mix === undefined || this.silent) {
      this.voices[token.channel].text.append(element);
      return;
    }
    if (token.channel === "thought") {
      this.row ??= this.openRow();
      this.row.words.append(element);
      return;
    }
    this.voices.answer.text.append(element);
    if (!this.row) return;
    warm(element, token.mix);
    closeRow(this.row, token);
    this.row = null;
  }

  openRow() {
    const row = thoughtRow();
    this.voices.thought.text.append(row.row);
    return row;
  }

  /** What another head made of a token that is there already. */
  peek({ channel, index, layer, top }) {
    const token = this.voices[channel].tokens[index];
    if (token) (token.peek ??= []).push({ layer, top });
  }

  clear(channel) {
    const voice = this.voices[channel];
    voice.text.replaceChildren();
    voice.text.classList.remove("supplied");
    voice.count.textContent = "";
    voice.tokens = [];
    voice.last = null;
    if (channel === "thought") this.row = this.supplied = null;
  }

  done({ finish_reason: reason, thought_closed_by: closedBy }) {
    this.phase("done");
    const { thought, answer } = this.voices;
    thought.note.textContent = this.silent ? Silent : this.thoughtNote(closedBy);
    // What stands in the answer may need a word of its own, such as an unusual order of digits.
    answer.note.textContent = [Ended[reason], this.model.note].filter(Boolean).join(" ");
    // A thought without an answer, at the end of Quiet-STaR's text, led to the end of the sequence.
    if (this.row) this.row.result.textContent = "end";
    for (const voice of [thought, answer]) admitTab(voice.text);
  }

  thoughtNote(closedBy) {
    const { tokens } = this.voices.thought;
    const own = closedBy !== "model" && closedBy !== null;
    if (tokens.length === 0 && !own) return this.description.wordless ?? "It wrote no thought.";
    const unseen = tokens.some(({ text }) => text === "") ? this.description.unseen : "";
    return [ClosedBy[closedBy], unseen].filter(Boolean).join(" ");
  }

  /** It ended before its end: stopped by the user before more was shown, or by an error. */
  halt(note = "") {
    if (!this.root.querySelector(".token")) {
      this.rest();
      return;
    }
    this.phase("done");
    this.voices.answer.note.textContent = note;
    for (const voice of Object.values(this.voices)) admitTab(voice.text);
  }

  /** The token the model was least sure of, as an element. */
  leastCertain() {
    const said = [...this.root.querySelectorAll(".token")].filter(({ token }) => token.id !== null);
    return said.length === 0 ? null : said.reduce((least, other) => other.token.logprob < least.token.logprob ? other : least);
  }

  thoughtText() {
    return this.supplied ?? this.voices.thought.tokens.map(token => token.text).join("");
  }

  answerText() {
    return this.voices.answer.tokens.map(token => token.text).join("");
  }

  phase(name) {
    this.root.dataset.phase = name;
    this.voices.answer.last?.classList.toggle("newest", name === "answering");
    if (name !== "thinking") this.voices.thought.last?.classList.remove("newest");
  }

  figures({ rate: perSecond, first, answer, thoughts, answers }) {
    const shown = { rate: rate(perSecond), first: milliseconds(first), answer: milliseconds(answer), thoughts: thoughts ?? "–", answers: answers ?? "–" };
    for (const [name, value] of Object.entries(shown)) this.root.querySelector(`[data-figure=${name}]`).textContent = value;
  }
}

const plural = count => count === 1 ? "1 token" : `${count} tokens`;

const parts = voice => ({
  text: voice.querySelector(".text"),
  from: voice.querySelector(".from"),
  count: voice.querySelector(".count"),
  note: voice.querySelector(".note"),
  tokens: [],
  last: null,
});
