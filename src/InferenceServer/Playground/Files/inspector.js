// What the model considered at one token: the heads that spoke, their favourites, and how sure they were.
import { make } from "./dom.js";

const Empty = "Point at a token, or tap it, to see what else the model considered. With the keyboard: Tab to a voice, then the arrow keys.";

export class Inspector {
  constructor(root) {
    this.root = root;
    this.chosen = null;
    this.reset();
  }

  reset() {
    this.chosen?.classList.remove("chosen");
    this.chosen = null;
    this.fill(make("h2", { id: "inspector-title", textContent: "Token" }), make("p", { className: "hint", textContent: Empty }));
  }

  /** why: said where it was not the user who chose it. */
  show(token, element, model, why = "") {
    this.chosen?.classList.remove("chosen");
    this.chosen = element;
    element.classList.add("chosen");
    this.fill(
      make("h2", { id: "inspector-title" }, "Token ", make("code", { textContent: spelled(token.text) })),
      make("p", { className: "hint", textContent: `${capital(token.channel)} ${token.index + 1}, from layer ${token.layer} of ${model.layers}${token.id === null ? "" : `, id ${token.id}`}` }),
      why ? make("p", { className: "hint", textContent: why }) : null,
      token.id === null ? null : figures(token),
      ...heads(token, model),
    );
  }

  fill(...children) {
    this.root.replaceChildren(...children.filter(child => child !== null));
  }
}

function figures(token) {
  const list = make("dl", { className: "facts" });
  const add = (name, value) => list.append(make("div", {}, make("dt", { textContent: name }), make("dd", { textContent: value })));
  add("probability", percent(Math.exp(token.logprob)));
  add("logprob", token.logprob.toFixed(3));
  if (token.mix !== undefined) add("thought’s weight w", token.mix.toFixed(3));
  return list;
}

/** A list for the head the token came from and one for each other head that was asked. */
function heads(token, model) {
  const lists = [];
  if (token.top) lists.push(list(`Layer ${token.layer} said`, token.channel, token.top, token));
  for (const { layer, top } of token.peek ?? []) {
    if (layer === token.layer) continue;
    const voice = layer === model.layers ? "answer" : "thought";
    lists.push(list(`Layer ${layer} would have said`, voice, top, token));
  }
  return lists;
}

function list(title, voice, top, token) {
  const bars = make("ol", { className: "bars" });
  bars.dataset.voice = voice;
  for (const { id, text, logprob } of top) {
    const share = Math.exp(logprob);
    const bar = make("i", { className: "share" });
    bar.style.setProperty("--share", share);
    bars.append(make("li", { className: id === token.id ? "said" : "" }, make("code", { textContent: spelled(text) }), bar, make("span", { textContent: percent(share) })));
  }
  return make("div", { className: "head" }, make("h3", { textContent: title }), bars);
}

const percent = share => share >= 0.9995 ? "100 %" : share >= 0.1 ? `${(share * 100).toFixed(0)} %` : share >= 0.001 ? `${(share * 100).toFixed(1)} %` : "< 0.1 %";

const capital = word => word[0].toUpperCase() + word.slice(1);

/** Spaces and line ends as signs: they are part of a token. */
const spelled = text => text === "" ? "(no text of its own)" : text.replaceAll(" ", "␣").replaceAll("\n", "↵").replaceAll("\t", "⇥");
