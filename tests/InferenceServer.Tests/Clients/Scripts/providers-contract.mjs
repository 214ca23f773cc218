// What the AI SDK's own providers for OpenAI and Anthropic make of this server; the test reads it from the last line.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, streamText } from "ai";
import { model, question, url } from "./common.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;
const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey: "none" });
const anthropic = createAnthropic({ baseURL: `${url}/v1`, apiKey: "none" });
const providers = {
  responses: { model: openai.responses(model), providerOptions: { openai: { store: false, forceReasoning: true, reasoningEffort: "low", reasoningSummary: "auto" } } },
  messages: { model: anthropic(model), providerOptions: { anthropic: { thinking: { type: "enabled", budgetTokens: 64 } } } },
  chat: { model: openai.chat(model) },
};

const seen = {};
for (const [name, provider] of Object.entries(providers)) {
  const asked = { ...provider, prompt: question, maxOutputTokens: 128, maxRetries: 0 };
  const stream = { thought: "", answer: "" };
  for await (const part of streamText(asked).fullStream) {
    if (part.type === "reasoning-delta") stream.thought += part.text;
    if (part.type === "text-delta") stream.answer += part.text;
    if (part.type === "error") throw part.error;
  }
  const whole = await generateText(asked);
  const turns = [{ role: "user", content: question }, ...whole.response.messages, { role: "user", content: question }];
  const next = await generateText({ ...asked, prompt: undefined, messages: turns });
  seen[name] = {
    stream,
    whole: { thought: whole.reasoningText ?? "", answer: whole.text },
    finish: whole.finishReason,
    thoughtTokens: whole.usage.outputTokenDetails.reasoningTokens,
    next: next.text,
  };
}
console.log(JSON.stringify(seen));
