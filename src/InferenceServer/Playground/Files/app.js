// The page: which model, what is asked, and what runs.
import * as api from "./api.js";
import { announcer } from "./announce.js";
import { bindCode } from "./code.js";
import { byId, make } from "./dom.js";
import { Inspector } from "./inspector.js";
import { apiKey, bindKey } from "./key.js";
import { describe } from "./methods.js";
import { clearProblem, showProblem } from "./problem.js";
import { generateBody } from "./request.js";
import { bindRewrite } from "./rewrite.js";
import { Run } from "./run.js";
import { bindSettings, offer, read } from "./settings.js";
import { Stage } from "./stage.js";
import { bindTheme } from "./theme.js";

const Sure = 0.99; // a probability
const say = announcer(byId("live"));
const inspector = new Inspector(byId("inspector"));
let models = [];
let model = null;
let sides = []; // { stage, thinks, rewrite }
let runs = []; // { run, made }, made being its side
let seed = newSeed();

bindTheme();
bindKey(load);
bindSettings(settle);
const showCode = bindCode(() => model && generateBody(model, seeded(read())), () => apiKey() !== "");
byId("model").addEventListener("change", () => choose(byId("model").value));
byId("compare").addEventListener("change", settle);
byId("ask").addEventListener("submit", event => {
  event.preventDefault();
  ask();
});
byId("speak").addEventListener("click", () => tried(answerNow));
byId("stop").addEventListener("click", stop);
addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask();
  else if (event.key === "Escape" && runs.length > 0) stop();
  else return;
  event.preventDefault();
});
addEventListener("hashchange", () => choose(location.hash.slice(1)));
load();

/** Asks for the models, again until all are ready. */
async function load() {
  try {
    models = await api.models();
    clearProblem();
  } catch (error) {
    byId("explanation").textContent = "";
    showProblem(error);
    return;
  }
  byId("model").replaceChildren(...models.map(({ id, ready }) => make("option", { value: id, disabled: !ready, textContent: ready ? id : `${id} (loading)` })));
  if (models.some(({ ready }) => !ready)) setTimeout(load, 1000);
  const first = models.find(({ ready }) => ready);
  byId("model").disabled = byId("run").disabled = !first;
  if (model) byId("model").value = model.id;
  else if (first) choose(models.some(({ id, ready }) => ready && id === location.hash.slice(1)) ? location.hash.slice(1) : first.id);
}

function choose(id) {
  const found = models.find(other => other.id === id && other.ready);
  if (!found || found === model) return;
  abandon();
  const untouched = model === null || byId("prompt").value === (model.example ?? "") || byId("prompt").value === "";
  model = found;
  byId("model").value = id;
  history.replaceState(null, "", `#${id}`);
  if (untouched) byId("prompt").value = model.example ?? "";
  const { headline, sentence, name } = describe(model);
  byId("headline").replaceChildren(...headline.flatMap(part => [part.voice ? make("span", { className: "voiced", "data-voice": part.voice }, part.text) : part, " "]));
  byId("explanation").replaceChildren(make("span", { className: "badge", textContent: name }), sentence);
  document.title = `${id} · InferenceServer playground`;
  offer(model);
  settle();
}

/** After anything was set: stages of the chosen kind, and the request as code. */
function settle() {
  if (!model) return;
  const kind = `${model.id} ${read().compare}`;
  if (byId("stages").dataset.kind !== kind) {
    abandon();
    byId("stages").dataset.kind = kind;
    sides = read().compare ? [side("with thoughts", true), side("without thoughts", false)] : [side("", true)];
    byId("stages").replaceChildren(...sides.map(({ stage }) => stage.root));
    inspector.reset();
  }
  showCode();
}

function side(title, thinks) {
  const stage = new Stage((token, element, of) => inspector.show(token, element, of));
  stage.show(model, describe(model), { title, silent: !thinks });
  const made = { stage, thinks };
  made.rewrite = bindRewrite(stage, thought => tried(() => rethink(made, thought)));
  made.rewrite.offer(thinks && model.abilities.supplied_thought);
  return made;
}

function ask() {
  if (!model || byId("run").disabled) return;
  abandon();
  clearProblem();
  inspector.reset();
  if (byId("seed").value === "") seed = newSeed();
  showCode();
  for (const made of sides) follow(made, null);
}

/** Runs one side to its end. */
async function follow(made, thought) {
  const { stage, thinks, rewrite } = made;
  const settings = seeded(read());
  const body = generateBody(model, settings, { thought, thinks });
  const run = new Run(stage, body, { pace: settings.pace, say: thinks ? say : () => {}, changed: buttons });
  runs.push({ run, made });
  rewrite.close();
  buttons();
  try {
    await run.start();
    pointOut(stage);
  } catch (error) {
    showProblem(error);
  } finally {
    runs = runs.filter(other => other.run !== run);
    buttons();
  }
}

/** Something to look at, for those who have not pointed at anything yet. */
function pointOut(stage) {
  const element = stage.leastCertain();
  if (element && !inspector.chosen) inspector.show(element.token, element, model, `${Math.exp(element.token.logprob) > Sure ? "The model was sure of every token, of this one least." : "Here the model was least sure."} Point at any other token.`);
}

/** What there is to end now. */
function buttons() {
  byId("stop").disabled = !runs.some(({ run }) => !run.over);
  byId("speak").hidden = !model.abilities.supplied_thought;
  byId("speak").disabled = !runs.some(({ run, made }) => made.thinks && run.thinks && made.stage.thoughtText() !== "");
}

function stop() {
  for (const { run } of runs) run.stop().catch(showProblem);
}

/** Lets go of everything that runs: something else takes its place. */
function abandon() {
  for (const { run } of runs) run.abandon();
}

async function answerNow() {
  for (const { run, made } of runs.filter(({ run, made }) => made.thinks && run.thinks)) {
    const thought = await run.answerNow();
    if (thought !== null) follow(made, thought);
  }
}

/** The same request, with this thought. */
async function rethink(made, thought) {
  clearProblem();
  const running = runs.find(other => other.made === made && !other.run.over);
  const left = running ? await running.run.rethink(thought) : thought;
  if (left !== null) follow(made, left);
}

async function tried(action) {
  try {
    await action();
  } catch (error) {
    showProblem(error);
  }
}

/** With the same seed on both sides, also where none is given. */
function seeded(settings) {
  return { ...settings, seed: settings.seed ?? seed };
}

function newSeed() {
  return Math.floor(Math.random() * 2 ** 32);
}
