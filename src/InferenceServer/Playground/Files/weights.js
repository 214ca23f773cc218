// Quiet-STaR: each thought in a row with the token it was for, and its weight as heat under the answer.
import { make } from "./dom.js";

// Weights are not bounded; what a well-trained head says stays mostly below this.
const Full = 0.5;

/** Share of full heat, 0 to 1, of a weight of either sign. */
export const heat = weight => Math.min(1, Math.abs(weight) / Full);

/** A row for the thought before the answer's next token. */
export function thoughtRow() {
  const words = make("span", { className: "thought-words" });
  const result = make("span", { className: "thought-for" });
  return { row: make("div", { className: "thought-row" }, words, result), words, result };
}

/** Says what a thought led to. */
export function closeRow({ row, result }, token) {
  row.append(bar(token.mix));
  result.append(make("b", { textContent: token.text.trim() === "" ? "␣" : token.text.trim() }));
}

/** Puts the heat of its thought under a token of the answer. */
export function warm(element, weight) {
  const cell = make("i", { className: "heat", title: `w ${weight.toFixed(2)}` });
  cell.style.setProperty("--heat", heat(weight));
  element.classList.add("mixed");
  element.append(cell);
}

function bar(weight) {
  const meter = make("span", { className: "weight" }, make("i", { className: "heat" }), `w ${weight.toFixed(2)}`);
  meter.firstChild.style.setProperty("--heat", heat(weight));
  return meter;
}
