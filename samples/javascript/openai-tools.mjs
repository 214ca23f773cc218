// OpenAI's own client, the Responses format and a function: the model thinks, then calls it with arguments of the right form.
import OpenAI from "openai";
import { key, model, question, say, url } from "./common.mjs";

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key });
const count = { type: "integer", minimum: 0, maximum: 999 };
const tool = { type: "function", name: "note", strict: true, parameters: { type: "object", properties: { count }, required: ["count"], additionalProperties: false } };
const asked = { model, input: question, tools: [tool], tool_choice: "required", parallel_tool_calls: false };
for await (const event of await client.responses.create({ ...asked, stream: true })) {
  if (event.type === "response.reasoning_text.delta") say("thought", event.delta);
  if (event.type === "response.function_call_arguments.done") say("call", `${event.name} ${event.arguments}`);
}
