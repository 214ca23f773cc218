// What Anthropic's own client makes of /v1/messages; the test reads it from the last line.
import Anthropic, { BadRequestError, NotFoundError } from "@anthropic-ai/sdk";
import { model, question, url } from "./common.mjs";

const client = new Anthropic({ baseURL: url, apiKey: "none", maxRetries: 0 });
const messages = [{ role: "user", content: question }];
const thinking = { type: "enabled", budget_tokens: 64 };
const seen = {};
const view = (message) => ({
  id: message.id,
  kinds: message.content.map((block) => block.type),
  thought: message.content.find((block) => block.type === "thinking")?.thinking ?? null,
  signature: message.content.find((block) => block.type === "thinking")?.signature ?? null,
  answer: message.content.filter((block) => block.type === "text").map((block) => block.text).join(""),
  stop: message.stop_reason,
  sequence: message.stop_sequence,
  usage: message.usage,
});

const whole = await client.messages.create({ model, max_tokens: 256, messages, thinking });
seen.whole = view(whole);

const stream = { types: {}, order: [], thought: "", answer: "" };
const runner = client.messages.stream({ model, max_tokens: 256, messages, thinking });
runner.on("thinking", (delta) => (stream.thought += delta));
runner.on("text", (delta) => (stream.answer += delta));
runner.on("streamEvent", (event) => {
  stream.types[event.type] = (stream.types[event.type] ?? 0) + 1;
  const name = event.delta?.type ?? event.type;
  if (stream.order.at(-1) !== name) stream.order.push(name);
});
stream.final = view(await runner.finalMessage());
seen.stream = stream;

seen.unasked = view(await client.messages.create({ model, max_tokens: 256, messages }));
seen.adaptive = view(await client.messages.create({ model, max_tokens: 256, messages, thinking: { type: "adaptive" } }));
seen.disabled = view(await client.messages.create({ model, max_tokens: 256, messages, thinking: { type: "disabled" } }));
seen.short = view(await client.messages.create({ model, max_tokens: 4, messages, thinking: { type: "adaptive" } }));
seen.stopped = view(await client.messages.create({ model, max_tokens: 256, messages, stop_sequences: ["shells"] }));

// The next turn: the blocks of the last one, thoughts and all, sent back.
const turns = [...messages, { role: "assistant", content: whole.content }, { role: "user", content: [{ type: "text", text: question }] }];
seen.next = view(await client.messages.create({ model, max_tokens: 256, system: "Answer in one sentence.", messages: turns }));
seen.models = [];
for await (const served of client.models.list()) seen.models.push({ id: served.id, type: served.type, name: served.display_name, created: Date.parse(served.created_at) > 0 });
seen.counted = (await client.messages.countTokens({ model, messages })).input_tokens;

const schema = { type: "object", properties: { shells: { type: "integer", minimum: 0, maximum: 99 } }, required: ["shells"], additionalProperties: false };
const formed = view(await client.messages.create({ model, max_tokens: 256, messages, thinking, output_config: { format: { type: "json_schema", schema } } }));
seen.formed = { shells: JSON.parse(formed.answer).shells, thought: formed.thought };

async function failure(request, type) {
  try {
    await client.messages.create({ model, max_tokens: 256, messages, ...request });
    return null;
  } catch (error) {
    return { typed: error instanceof type, status: error.status, shape: error.error?.type ?? null, type: error.error?.error?.type ?? null, message: error.message };
  }
}
seen.failures = {
  model: await failure({ model: "none" }, NotFoundError),
  tokens: await failure({ max_tokens: undefined }, BadRequestError),
  budget: await failure({ thinking: { type: "enabled", budget_tokens: 256 } }, BadRequestError),
  image: await failure({ messages: [{ role: "user", content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: "" } }] }] }, BadRequestError),
  begun: await failure({ messages: [...messages, { role: "assistant", content: "Lucy has" }] }, BadRequestError),
  streamed: await failure({ stream: true, temperature: 3 }, BadRequestError),
};
const gone = await fetch(`${url}/v1/messages/none`, { method: "POST" });
seen.unknownUrl = { status: gone.status, type: (await gone.json()).error.type };
console.log(JSON.stringify(seen));
