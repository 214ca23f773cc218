// What OpenAI's own client makes of /v1/responses; the test reads it from the last line.
import OpenAI, { BadRequestError, NotFoundError } from "openai";
import { model, question, url } from "./common.mjs";

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
const seen = {};
const thoughtOf = (response) => response.output.filter((item) => item.type === "reasoning").flatMap((item) => item.content.map((part) => part.text)).join("");
const view = (response) => ({
  id: response.id,
  status: response.status,
  thought: thoughtOf(response),
  answer: response.output_text,
  kinds: response.output.map((item) => item.type),
  states: response.output.map((item) => item.status),
  reason: response.incomplete_details?.reason ?? null,
  usage: response.usage,
  metadata: response.metadata,
  instructions: response.instructions,
});

const whole = await client.responses.create({ model, input: question, metadata: { purpose: "test" }, store: false });
seen.whole = view(whole);

const runner = client.responses.stream({ model, input: question });
const stream = { types: {}, order: [], thought: "", answer: "", numbers: [], done: {} };
runner.on("response.output_text.delta", (event) => (stream.snapshot = event.snapshot));
for await (const event of runner) {
  stream.types[event.type] = (stream.types[event.type] ?? 0) + 1;
  if (stream.order.at(-1) !== event.type) stream.order.push(event.type);
  stream.numbers.push(event.sequence_number);
  if (event.type === "response.reasoning_text.delta") stream.thought += event.delta;
  if (event.type === "response.output_text.delta") stream.answer += event.delta;
  if (event.type === "response.reasoning_text.done") stream.done.thought = event.text;
  if (event.type === "response.output_text.done") stream.done.answer = event.text;
}
stream.final = view(await runner.finalResponse());
seen.stream = stream;

// The next turn: the items of the last one, thoughts and all, sent back.
const input = [{ role: "user", content: question }, ...whole.output, { role: "user", content: [{ type: "input_text", text: question }] }];
seen.next = view(await client.responses.create({ model, input, instructions: "Answer in one sentence." }));

seen.short = view(await client.responses.create({ model, input: question, max_output_tokens: 4 }));
seen.none = view(await client.responses.create({ model, input: question, reasoning: { effort: "none" } }));
const logged = await client.responses.create({ model, input: question, include: ["message.output_text.logprobs"], top_logprobs: 2 });
seen.logprobs = logged.output.at(-1).content[0].logprobs.map((entry) => ({ token: entry.token, top: entry.top_logprobs.length }));

const schema = { type: "object", properties: { shells: { type: "integer", minimum: 0, maximum: 99 } }, required: ["shells"], additionalProperties: false };
const formed = await client.responses.create({ model, input: question, text: { format: { type: "json_schema", name: "shells", schema } } });
seen.formed = { shells: JSON.parse(formed.output_text).shells, thought: thoughtOf(formed), format: formed.text.format.name };

async function failure(request, type) {
  try {
    await client.responses.create({ model, input: question, ...request });
    return null;
  } catch (error) {
    return { typed: error instanceof type, status: error.status, code: error.code, param: error.param, message: error.message };
  }
}
seen.failures = {
  model: await failure({ model: "none" }, NotFoundError),
  previous: await failure({ previous_response_id: "resp_1" }, BadRequestError),
  store: await failure({ store: true }, BadRequestError),
  background: await failure({ background: true }, BadRequestError),
  image: await failure({ input: [{ role: "user", content: [{ type: "input_image", image_url: "data:" }] }] }, BadRequestError),
  reference: await failure({ input: [{ type: "item_reference", id: "rs_1" }] }, BadRequestError),
  streamed: await failure({ stream: true, temperature: 3 }, BadRequestError),
};
console.log(JSON.stringify(seen));
