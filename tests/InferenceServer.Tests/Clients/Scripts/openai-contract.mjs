// What OpenAI's own client makes of this server; the test reads it from the last line.
import OpenAI, { BadRequestError, NotFoundError } from "openai";
import { model, question, url } from "./common.mjs";

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
const messages = [{ role: "user", content: question }];
const seen = { models: (await client.models.list()).data.map((entry) => entry.id), model: (await client.models.retrieve(model)).id };

const whole = await client.chat.completions.create({ model, messages, logprobs: true, top_logprobs: 2 });
seen.whole = {
  thought: whole.choices[0].message.reasoning_content,
  answer: whole.choices[0].message.content,
  finish: whole.choices[0].finish_reason,
  thoughtTokens: whole.usage.completion_tokens_details.reasoning_tokens,
  tokens: whole.usage.completion_tokens,
  loggedAnswer: whole.choices[0].logprobs.content.map((entry) => entry.token).join(""),
};

const stream = { thought: "", answer: "", thoughtDeltas: 0, answerDeltas: 0, mixed: 0, afterAnswer: 0 };
for await (const chunk of await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } })) {
  const delta = chunk.choices[0]?.delta ?? {};
  if (delta.reasoning_content && delta.content) stream.mixed++;
  if (delta.reasoning_content && stream.answer) stream.afterAnswer++;
  if (delta.reasoning_content) (stream.thought += delta.reasoning_content), stream.thoughtDeltas++;
  if (delta.content) (stream.answer += delta.content), stream.answerDeltas++;
  stream.finish = chunk.choices[0]?.finish_reason ?? stream.finish;
  stream.thoughtTokens = chunk.usage?.completion_tokens_details.reasoning_tokens ?? stream.thoughtTokens;
}
seen.stream = stream;

const runner = client.chat.completions.stream({ model, messages, stream_options: { include_usage: true } });
const final = await runner.finalChatCompletion();
seen.helper = { answer: final.choices[0].message.content, tokens: final.usage.completion_tokens };

const text = { thought: "", answer: "" };
for await (const chunk of await client.completions.create({ model, prompt: question, stream: true })) {
  text.thought += chunk.choices[0]?.reasoning_content ?? "";
  text.answer += chunk.choices[0]?.text ?? "";
}
seen.completion = text;

const off = await client.chat.completions.create({ model, messages, reasoning_effort: "none" });
seen.off = { thought: off.choices[0].message.reasoning_content ?? null, thoughtTokens: off.usage.completion_tokens_details.reasoning_tokens };

async function failure(request, type) {
  try {
    await client.chat.completions.create(request);
    return null;
  } catch (error) {
    return { typed: error instanceof type, status: error.status, code: error.code, param: error.param, type: error.type, message: error.message };
  }
}
seen.unknownModel = await failure({ model: "none", messages }, NotFoundError);
seen.unknownModelStreamed = await failure({ model: "none", messages, stream: true }, NotFoundError);
seen.badValue = await failure({ model, messages, temperature: 3 }, BadRequestError);
seen.unknownField = await failure({ model, messages, surprise: 1 }, BadRequestError);

const endless = await client.chat.completions.create({ model, messages, stream: true, max_tokens: 400, logit_bias: { 2: -100, 3: -100 }, thinking_token_budget: 400 });
for await (const chunk of endless) {
  if (!chunk.choices[0].delta.reasoning_content) continue;
  endless.controller.abort();
  break;
}
seen.aborted = true;
console.log(JSON.stringify(seen));
