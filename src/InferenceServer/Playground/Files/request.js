// From what is set on the page to the body of POST /v1/generate. Pure.

/** Stops of the budget slider; null, the last, leaves it to the model. */
export function budgets(model) {
  const stops = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024, 2048, 4096, 8192];
  return [...stops.filter(stop => stop < model.context_length / 2), null];
}

export const canSwitch = model => model.abilities.thinking_budget !== "none" && model.abilities.thoughts !== "never";

/**
 * settings: { text, form, temperature, maxTokens, seed, top, budget, thoughts }.
 * thought: given instead of the model's own. thinks: false = without thoughts, whatever the settings say.
 */
export function generateBody(model, settings, { thought = null, thinks = true } = {}) {
  const body = { model: model.id };
  if (settings.form === "text") body.prompt = settings.text;
  else body.messages = [{ role: "user", content: settings.text }];
  Object.assign(body, { stream: true, temperature: settings.temperature, seed: settings.seed });
  if (settings.maxTokens !== null) body.max_tokens = settings.maxTokens;
  if (settings.top > 0) body.top_logprobs = settings.top;
  const layers = [...new Set(model.heads.map(head => head.layer))];
  if (settings.top > 0 && layers.length > 1) body.peek = { layers, top: settings.top };
  if (thought !== null) body.thought = thought;
  else Object.assign(body, thinking(model, settings, thinks));
  return body;
}

function thinking(model, settings, thinks) {
  if (!canSwitch(model)) return {};
  const { thinking_budget: kind, thinks_by_default: byDefault, thought_summary: many } = model.abilities;
  const on = thinks && (kind === "exact" ? settings.budget !== 0 : settings.thoughts);
  if (!on) return { thinking_token_budget: 0 };
  if (kind === "exact") return settings.budget === null ? {} : { thinking_token_budget: settings.budget };
  return { ...(many ? { thoughts: "all" } : {}), ...(byDefault ? {} : { reasoning_effort: "medium" }) };
}
