// The API key, for those servers that ask for one: kept until the tab is closed, written nowhere else.
import { byId } from "./dom.js";

const Place = "api-key";

export const apiKey = () => sessionStorage.getItem(Place) ?? "";

/** Calls changed once the user has filled in another key. */
export function bindKey(changed) {
  const input = byId("key");
  input.value = apiKey();
  show();
  input.addEventListener("input", () => {
    if (input.value) sessionStorage.setItem(Place, input.value.trim());
    else sessionStorage.removeItem(Place);
    show();
  });
  input.addEventListener("change", changed);
  byId("key-form").addEventListener("submit", event => {
    event.preventDefault();
    byId("key-drop").open = false;
  });
}

/** Opens the field: the server wants a key. */
export function askForKey() {
  byId("key-drop").open = true;
  byId("key").focus();
}

const show = () => { byId("key-state").hidden = apiKey() === ""; };
