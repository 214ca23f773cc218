// What a model does, in a headline, a sentence and a picture of its layers.
//
// shape: "split" (thought and answer leave at different layers), "same" (both leave at the last one), "single" (no thought
// in words). lanes: what is drawn above the panes where not split, each { label, dots }. wordless: said of a thought without
// a token; unseen: said of tokens without text.

/** Describes a model as /v1/models lists it. */
export function describe(model) {
  const last = model.layers;
  const method = (Methods[model.method] ?? Methods.plain)(model, last);
  return { thoughtLayer: last, answerLayer: last, lanes: [{ label: "" }], waiting: {}, ...method };
}

const thought = text => ({ text, voice: "thought" });
const answer = text => ({ text, voice: "answer" });

const Methods = {
  tas: ({ id, thinking_layer: k }, last) => ({
    name: "TaS",
    headline: [id, thought(`thinks in layer ${k}`), "and", answer(`answers in layer ${last}`)],
    sentence: `A second language head after layer ${k} writes the thought, so a thought token costs ${k} of ${last} layers. When the thought ends, it goes on through the upper layers and the last one answers.`,
    shape: "split",
    thoughtLayer: k,
    waiting: { thought: `The thought will appear here, read from layer ${k}.`, answer: `Then the answer, read from layer ${last}.` },
  }),
  quiet_star: ({ id }, last) => ({
    name: "Quiet-STaR",
    headline: [id, thought("thinks before every token"), "and", answer("weighs each thought into its answer")],
    sentence: "Before each token of the answer there is a short thought. A small head decides how much the thought may change what is said next (its weight w); then the thought is thrown away.",
    shape: "same",
    waiting: { thought: "One short thought for each token of the answer will appear here.", answer: "The answer, and under each token how much its thought weighed." },
  }),
  tpo: ({ id }, last) => ({
    name: "TPO",
    headline: [id, thought("thinks in plain words"), "and then", answer("answers")],
    sentence: `One voice from layer ${last}, the last: the model writes down its thought, marks where its response begins, and goes on. The server tells the two apart.`,
    shape: "same",
    waiting: { thought: "What the model writes before its response will appear here.", answer: "Then the response." },
    unseen: "Narrow tokens spell the markers, which are not shown.",
  }),
  icot_si: ({ id }, last) => ({
    name: "ICoT-SI",
    headline: [id, thought("writes only the steps it still needs"), "and", answer(`answers in layer ${last}`)],
    sentence: "Stepwise internalised chain of thought: training took the written steps away, one after the other. The steps this model still writes are its thought; the rest happens inside.",
    shape: "same",
    waiting: { thought: "The steps this model still writes down, if any.", answer: "Then the answer." },
    wordless: "Not one step written down: all of them happened inside.",
  }),
  icot_kd: ({ id }, last) => ({
    name: "ICoT-KD",
    headline: [id, thought("thinks in vectors, not in words"), "and", answer(`answers in layer ${last}`)],
    sentence: "An emulator reads the question and guesses one hidden state for each layer, in place of a written chain of thought. The student answers from these: there is no thought to read.",
    shape: "single",
    lanes: [{ label: "emulator", dots: true }, { label: "student" }],
    waiting: { answer: "The answer will appear here." },
  }),
  bitune: ({ id }, last) => ({
    name: "Bitune",
    headline: [id, thought("reads your question twice"), "and", answer(`answers in layer ${last}`)],
    sentence: "Once from left to right and once in both directions, with an adapter for each. What the two readings remember is blended in every layer; then it answers as usual. It writes no thought.",
    shape: "single",
    lanes: [{ label: "reads →" }, { label: "reads ↔" }],
    waiting: { answer: "The answer will appear here." },
  }),
  plain: ({ id, base_model: base }, last) => ({
    name: "plain",
    headline: [id, "does not think, it", answer(last ? `answers in layer ${last}` : "answers")],
    sentence: `Ordinary decoding${base ? ` with a LoRA adapter on ${base}` : ""}: every token comes from the last layer, one after the other.`,
    shape: "single",
    waiting: { answer: "The answer will appear here." },
  }),
};
