// What Anthropic's own client makes of tools at /v1/messages; the test reads it from the last line.
import Anthropic, { BadRequestError } from "@anthropic-ai/sdk";
import { url } from "./common.mjs";

const client = new Anthropic({ baseURL: url, apiKey: "none", maxRetries: 0 });
const model = "tools";
const input_schema = {
  type: "object",
  properties: { city: { type: "string", maxLength: 8 }, days: { type: "integer", minimum: 1, maximum: 9 } },
  required: ["city", "days"],
  additionalProperties: false,
};
const tools = [{ name: "get_weather", description: "The weather of the next days.", input_schema }];
const messages = [{ role: "user", content: "What will the weather be in Rome?" }];
const thinking = { type: "adaptive" };
const asked = { model, max_tokens: 600, tools, thinking, seed: 11, tool_choice: { type: "any", disable_parallel_tool_use: true } };
const seen = {};
const view = (message) => ({
  kinds: message.content.map((block) => block.type),
  use: message.content.find((block) => block.type === "tool_use") ?? null,
  stop: message.stop_reason,
  tokens: message.usage.input_tokens + message.usage.cache_read_input_tokens,
});
const answered = (message) => [
  ...messages,
  { role: "assistant", content: message.content },
  {
    role: "user",
    content: [
      { type: "tool_result", tool_use_id: message.content.find((block) => block.type === "tool_use").id, content: [{ type: "text", text: "blue sky" }] },
      { type: "text", text: "Shall I take an umbrella?" },
    ],
  },
];

// A use of a tool, its result, and the answer to that.
const whole = await client.messages.create({ ...asked, messages });
seen.whole = view(whole);
const none = { ...asked, tool_choice: { type: "none" }, max_tokens: 24 };
seen.next = view(await client.messages.create({ ...none, messages: answered(whole) }));

const stream = { order: [], pieces: "", snapshots: [] };
const runner = client.messages.stream({ ...asked, messages });
runner.on("inputJson", (piece, snapshot) => {
  stream.pieces += piece;
  stream.snapshots.push(snapshot);
});
runner.on("streamEvent", (event) => {
  const name = event.delta?.type ?? (event.content_block ? `${event.type} ${event.content_block.type}` : event.type);
  if (stream.order.at(-1) !== name) stream.order.push(name);
});
const final = await runner.finalMessage();
stream.final = view(final);
stream.last = stream.snapshots.at(-1);
delete stream.snapshots;
seen.stream = stream;
seen.again = view(await client.messages.create({ ...asked, tool_choice: { type: "tool", name: "get_weather" }, messages: answered(final) }));

// A tool that failed, told in a plain string.
const failed = answered(whole);
failed[2] = { role: "user", content: [{ type: "tool_result", tool_use_id: seen.whole.use.id, content: "no such city", is_error: true }] };
seen.failed = view(await client.messages.create({ ...none, messages: failed }));
seen.counted = { told: (await client.messages.countTokens({ model, tools, messages })).input_tokens, untold: (await client.messages.countTokens({ model, messages })).input_tokens };

async function failure(request) {
  try {
    await client.messages.create({ ...asked, messages, ...request });
    return null;
  } catch (error) {
    return { typed: error instanceof BadRequestError, status: error.status, shape: error.error?.type ?? null, type: error.error?.error?.type ?? null, message: error.message };
  }
}
seen.failures = {
  search: await failure({ tools: [{ type: "web_search_20250305", name: "web_search" }] }),
  choice: await failure({ tool_choice: { type: "tool", name: "get_time" } }),
  result: await failure({ messages: [{ role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_0", content: "x" }] }] }),
};
console.log(JSON.stringify(seen));
