// Light, dark, or what the system prefers.
import { byId } from "./dom.js";

const Place = "theme";

export function bindTheme() {
  const select = byId("theme");
  select.value = localStorage.getItem(Place) ?? "auto";
  apply(select.value);
  select.addEventListener("change", () => {
    localStorage.setItem(Place, select.value);
    apply(select.value);
  });
}

function apply(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
