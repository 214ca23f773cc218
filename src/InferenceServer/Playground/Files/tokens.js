// A run of tokens, each a stop for pointer and keyboard. Arrow keys move, so that Tab passes the run as a whole.
import { make } from "./dom.js";

/** One token as an element; its event is at element.token. */
export function tokenElement(token) {
  const element = make("span", { className: "token", tabIndex: -1 }, visible(token.text));
  element.token = token;
  element.dataset.voice = token.channel;
  return element;
}

/** Calls inspect(token, element) for the token under the pointer or the focus. */
export function bindTokens(container, inspect) {
  const of = event => event.target.closest?.(".token");
  const look = event => {
    const element = of(event);
    if (element) inspect(element.token, element);
  };
  container.addEventListener("pointerover", look);
  container.addEventListener("click", event => of(event)?.focus());
  container.addEventListener("focusin", event => {
    const element = of(event);
    if (!element) return;
    container.querySelectorAll(".token[tabindex='0']").forEach(other => { other.tabIndex = -1; });
    element.tabIndex = 0;
    look(event);
  });
  container.addEventListener("keydown", event => move(container, event));
}

/** The first token is where Tab enters. */
export function admitTab(container) {
  if (container.querySelector(".token[tabindex='0']")) return;
  const first = container.querySelector(".token");
  if (first) first.tabIndex = 0;
}

function move(container, event) {
  const tokens = [...container.querySelectorAll(".token")];
  const at = tokens.indexOf(document.activeElement);
  if (at < 0) return;
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tokens.length - 1 }[event.key];
  if (to === undefined || !tokens[to]) return;
  event.preventDefault();
  tokens[to].focus();
}

/** Text with what has no shape of its own made visible. */
function visible(text) {
  if (text === "") return make("i", { className: "unseen" });
  if (!text.includes("\n")) return text;
  const shown = document.createDocumentFragment();
  for (const part of text.split(/(\n)/)) shown.append(part === "\n" ? make("i", { className: "unseen", textContent: "↵" }) : "", part);
  return shown;
}
