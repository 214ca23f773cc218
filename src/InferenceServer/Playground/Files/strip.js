// The layers of a model as a row of cells, lit up as far as the newest token has come.
import { make } from "./dom.js";

const Labelled = 16;

/** Cells for layers [from, to), numbered from 1; where a voice leaves, it does so at the last of them. */
function cells(from, to, { voice, dots = false, leaves = true }) {
  const list = make("span", { className: "layers", "aria-hidden": "true" });
  const many = to - from > Labelled;
  for (let layer = from; layer < to; layer++) {
    const named = !many || layer === from || layer === to - 1;
    const cell = make("span", { className: dots ? "layer dotted" : "layer", textContent: dots ? "•" : named ? `${layer + 1}` : "" });
    cell.style.setProperty("--at", layer);
    cell.dataset.voice = voice;
    if (leaves && layer === to - 1) cell.classList.add("leaves");
    list.append(cell);
  }
  return list;
}

/** Draws a model's layers into a stage: over both panes where thought and answer part ways, else across. */
export function drawLayers(stage, model, description) {
  const [lanes, thought, answer] = [".lanes", ".voice[data-voice=thought] .strip", ".voice[data-voice=answer] .strip"].map(where => stage.querySelector(where));
  for (const place of [lanes, thought, answer]) place.replaceChildren();
  stage.dataset.shape = description.shape;
  stage.style.setProperty("--layers", model.layers);
  if (description.shape === "split") {
    thought.append(label("layers"), cells(0, description.thoughtLayer, { voice: "thought" }));
    answer.append(cells(description.thoughtLayer, model.layers, { voice: "answer" }));
    return;
  }
  for (const { label: name, dots } of description.lanes) {
    const leaves = name === description.lanes.at(-1).label;
    lanes.append(make("div", { className: "lane" }, label(name || "layers"), cells(0, model.layers, { voice: leaves ? "answer" : "thought", dots, leaves })));
  }
}

const label = text => make("span", { className: "lane-label", textContent: text });
