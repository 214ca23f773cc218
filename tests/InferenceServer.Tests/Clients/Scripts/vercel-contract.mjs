// What Vercel's AI SDK makes of this server; the test reads it from the last line.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, streamText } from "ai";
import { model, question, url } from "./common.mjs";

const server = createOpenAICompatible({ name: "inference-server", baseURL: `${url}/v1`, includeUsage: true });
const seen = {};

const parts = {};
const stream = { thought: "", answer: "" };
const streaming = streamText({ model: server(model), prompt: question, maxRetries: 0 });
for await (const part of streaming.fullStream) {
  parts[part.type] = (parts[part.type] ?? 0) + 1;
  if (part.type === "reasoning-delta") stream.thought += part.text;
  if (part.type === "text-delta") stream.answer += part.text;
}
const usage = await streaming.usage;
seen.stream = { ...stream, parts, finish: await streaming.finishReason, tokens: usage.outputTokens, thoughtTokens: usage.outputTokenDetails?.reasoningTokens ?? usage.reasoningTokens };

const whole = await generateText({ model: server(model), prompt: question, maxRetries: 0 });
seen.whole = { thought: whole.reasoningText, answer: whole.text };

// The next turn carries the thoughts of the last one.
const turns = [{ role: "user", content: question }, ...whole.response.messages, { role: "user", content: question }];
const next = await generateText({ model: server(model), messages: turns, maxRetries: 0 });
seen.next = { sentThoughts: JSON.stringify(next.request.body).includes("reasoning_content"), answer: next.text };

async function failure(options) {
  try {
    await generateText({ prompt: question, maxRetries: 0, ...options });
    return null;
  } catch (error) {
    return { typed: APICallError.isInstance(error), status: error.statusCode, message: error.message, retry: error.isRetryable };
  }
}
seen.unknownModel = await failure({ model: server("none") });
seen.badValue = await failure({ model: server(model), temperature: 3 });

const errors = [];
for await (const part of streamText({ model: server("none"), prompt: question, maxRetries: 0, onError: () => {} }).fullStream) {
  if (part.type === "error") errors.push(part.error.message);
}
seen.streamErrors = errors;
console.log(JSON.stringify(seen));
