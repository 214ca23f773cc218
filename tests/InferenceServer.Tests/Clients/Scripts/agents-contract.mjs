// What OpenAI's Agents SDK makes of this server; the test reads it from the last line.
import { Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, run, setTracingDisabled, tool } from "@openai/agents";
import OpenAI from "openai";
import { z } from "zod";
import { model, question, url } from "./common.mjs";

setTracingDisabled(true);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
const add = tool({
  name: "add",
  description: "Adds.",
  parameters: z.object({ a: z.number().int().min(0).max(99), b: z.number().int().min(0).max(99) }),
  execute: async ({ a, b }) => `sum ${a + b}`,
});
const shape = z.object({ count: z.number().int().min(0).max(99), kind: z.enum(["shells", "coins"]) });

const seen = {};
for (const [name, Model] of [["chat", OpenAIChatCompletionsModel], ["responses", OpenAIResponsesModel]]) {
  const agent = (options) => new Agent({ name: "counter", model: new Model(client, model), ...options, modelSettings: { maxTokens: 128, temperature: 0, ...options?.modelSettings } });
  const whole = await run(agent({ instructions: "Answer in one sentence." }), question);
  const stream = await run(agent(), question, { stream: true });
  let answer = "";
  for await (const event of stream) if (event.type === "raw_model_stream_event" && event.data.type === "output_text_delta") answer += event.data.delta;
  await stream.completed;
  const thinking = await run(agent({ modelSettings: { reasoning: { effort: "low", summary: "auto" }, text: { verbosity: "medium" } } }), question);
  seen[name] = {
    whole: whole.finalOutput,
    stream: answer,
    final: stream.finalOutput,
    next: (await run(agent(), [...whole.history, { role: "user", content: question }])).finalOutput,
    formed: shape.safeParse((await run(agent({ outputType: shape }), question)).finalOutput).success,
    thoughts: thinking.newItems.filter((item) => item.type === "reasoning_item").flatMap((item) => item.rawItem.content.map((part) => part.text)),
    thinking: thinking.finalOutput,
    called: (await run(agent({ tools: [add], modelSettings: { toolChoice: "required" }, toolUseBehavior: "stop_on_first_tool" }), question)).finalOutput,
  };
}
console.log(JSON.stringify(seen));
