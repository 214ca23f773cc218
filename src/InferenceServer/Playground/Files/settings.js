// What is set on the page, as far as the chosen model can do it.
import { byId } from "./dom.js";
import { budgets, canSwitch } from "./request.js";

const number = id => byId(id).value === "" ? null : Number(byId(id).value);

/** Calls changed whenever something is set. */
export function bindSettings(changed) {
  for (const control of byId("settings").querySelectorAll("input, select")) {
    control.addEventListener("input", () => {
      showValues();
      changed();
    });
  }
  byId("prompt").addEventListener("input", changed);
  // On a phone the result comes first; the settings are a tap away.
  if (matchMedia("(max-width: 60rem)").matches) byId("settings").open = false;
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) byId("pace").value = "0";
}

let stops = [null];

/** Offers what the model can do, and says what it cannot. */
export function offer(model) {
  const { thinking_budget: kind } = model.abilities;
  const exact = kind === "exact";
  stops = exact ? budgets(model) : [null];
  byId("budget").max = stops.length - 1;
  byId("budget").value = stops.length - 1;
  byId("budget-field").hidden = !exact;
  byId("thoughts-switch").hidden = exact || !canSwitch(model);
  byId("thoughts").checked = model.abilities.thinks_by_default;
  byId("compare-switch").hidden = !canSwitch(model);
  if (!canSwitch(model)) byId("compare").checked = false;
  const why = hint(model);
  byId("budget-hint").textContent = why;
  byId("budget-hint").hidden = why === "";
  showValues();
}

function hint({ abilities: { thinking_budget: kind, thoughts } }) {
  if (thoughts === "never") return "This model writes no thoughts: there is nothing to bound.";
  if (kind === "switch") return thoughts === "during" ? "Its thoughts have a fixed length: they can only be on or off." : "Its thoughts are part of its text: they can only be on or off.";
  return kind === "none" ? "Its thoughts are part of its text: only max tokens bounds them." : "";
}

/** The settings as they stand; the seed is null where none is given. */
export function read() {
  return {
    text: byId("prompt").value,
    form: byId("form").value,
    temperature: Number(byId("temperature").value),
    maxTokens: number("max-tokens"),
    seed: number("seed"),
    top: number("top") ?? 0,
    budget: stops[Number(byId("budget").value)],
    thoughts: byId("thoughts").checked,
    pace: Number(byId("pace").value),
    compare: byId("compare").checked,
  };
}

function showValues() {
  const budget = stops[Number(byId("budget").value)];
  const text = budget === null ? "up to the model" : budget === 0 ? "no thought" : budget === 1 ? "1 token" : `${budget} tokens`;
  byId("budget-text").textContent = text;
  byId("budget").setAttribute("aria-valuetext", text);
  const temperature = Number(byId("temperature").value);
  byId("temperature-text").textContent = temperature === 0 ? "0, the likeliest token" : temperature.toFixed(1);
}
