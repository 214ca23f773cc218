// What went wrong, said plainly where everybody sees it.
import { byId, make } from "./dom.js";
import { askForKey } from "./key.js";

export function showProblem(error) {
  const details = [error.status, error.code, error.param].filter(Boolean).join(" · ");
  byId("problem").replaceChildren(make("p", {}, make("strong", { textContent: error.message })), make("p", { className: "hint", textContent: details }));
  byId("problem").hidden = false;
  if (error.status === 401) askForKey();
}

export function clearProblem() {
  byId("problem").hidden = true;
  byId("problem").replaceChildren();
}
