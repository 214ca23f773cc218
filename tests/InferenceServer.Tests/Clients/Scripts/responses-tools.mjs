// What OpenAI's own client makes of function tools at /v1/responses; the test reads it from the last line.
import OpenAI, { BadRequestError } from "openai";
import { url } from "./common.mjs";

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
const model = "tools";
const parameters = {
  type: "object",
  properties: { city: { type: "string", maxLength: 8 }, days: { type: "integer", minimum: 1, maximum: 9 } },
  required: ["city", "days"],
  additionalProperties: false,
};
const tools = [{ type: "function", name: "get_weather", description: "The weather of the next days.", parameters, strict: true }];
const input = [{ role: "user", content: "What will the weather be in Rome?" }];
const asked = { model, tools, tool_choice: "required", parallel_tool_calls: false, max_output_tokens: 600, seed: 11 };
const seen = {};
const view = (response) => ({
  status: response.status,
  kinds: response.output.map((item) => item.type),
  call: response.output.find((item) => item.type === "function_call") ?? null,
  tokens: response.usage.input_tokens,
  tools: response.tools.map((tool) => tool.name),
  choice: response.tool_choice,
});
const answered = (response) => [
  ...input,
  ...response.output,
  { type: "function_call_output", call_id: response.output.find((item) => item.type === "function_call").call_id, output: JSON.stringify({ sky: "blue" }) },
];

// A call, what it came to, and the answer to that.
const whole = await client.responses.create({ ...asked, input });
seen.whole = view(whole);
seen.next = view(await client.responses.create({ ...asked, tool_choice: "none", max_output_tokens: 24, input: answered(whole) }));

const runner = client.responses.stream({ ...asked, input });
const stream = { order: [], numbers: [], indexes: [], deltas: "", snapshot: "", done: null };
runner.on("response.function_call_arguments.delta", (event) => (stream.snapshot = event.snapshot));
for await (const event of runner) {
  if (stream.order.at(-1) !== event.type) stream.order.push(event.type);
  stream.numbers.push(event.sequence_number);
  if (event.output_index !== undefined && stream.indexes.at(-1) !== event.output_index) stream.indexes.push(event.output_index);
  if (event.type === "response.function_call_arguments.delta") stream.deltas += event.delta;
  if (event.type === "response.function_call_arguments.done") stream.done = { name: event.name, arguments: event.arguments, id: event.item_id };
}
const final = await runner.finalResponse();
stream.final = view(final);
stream.parsed = stream.final.call.parsed_arguments;
seen.stream = stream;
// The client has added to the items what it parsed.
seen.again = view(await client.responses.create({ ...asked, tool_choice: { type: "function", name: "get_weather" }, input: answered(final) }));

async function failure(request) {
  try {
    await client.responses.create({ ...asked, input, ...request });
    return null;
  } catch (error) {
    return { typed: error instanceof BadRequestError, status: error.status, code: error.code, param: error.param, message: error.message };
  }
}
seen.failures = {
  search: await failure({ tools: [{ type: "web_search" }] }),
  choice: await failure({ tool_choice: { type: "function", name: "get_time" } }),
  output: await failure({ input: [...input, { type: "function_call_output", call_id: "call_0", output: "x" }] }),
};
console.log(JSON.stringify(seen));
