// What LangChain makes of this server; the test reads it from the last line.
import { AIMessage, HumanMessage, SystemMessage } from "@langchain/core/messages";
import { ChatOpenAI, OpenAI } from "@langchain/openai";
import { z } from "zod";
import { model, question, url } from "./common.mjs";

const settings = { model, apiKey: "none", maxRetries: 0, temperature: 0, configuration: { baseURL: `${url}/v1` } };
const chat = new ChatOpenAI(settings);
const seen = {};
const view = (message) => ({
  thought: message.additional_kwargs.reasoning_content,
  answer: message.content,
  tokens: message.usage_metadata.output_tokens,
  thoughtTokens: message.usage_metadata.output_token_details.reasoning,
});

const whole = await chat.invoke(question);
seen.whole = view(whole);
let stream;
for await (const chunk of await chat.stream(question)) stream = stream?.concat(chunk) ?? chunk;
seen.stream = view(stream);
seen.next = view(await chat.invoke([new SystemMessage("Answer in one sentence."), new HumanMessage(question), new AIMessage(whole.content), new HumanMessage(question)]));
seen.text = await new OpenAI({ ...settings, maxTokens: 64 }).invoke(question);

// The Responses format, where it reads nothing but summaries; its own field for them it sends to models of OpenAI's only.
const responses = new ChatOpenAI({ ...settings, useResponsesApi: true, modelKwargs: { reasoning: { effort: "low", summary: "auto" } } });
const blocks = (message) => ({
  thought: message.contentBlocks.filter((block) => block.type === "reasoning").map((block) => block.reasoning).join(""),
  answer: message.text,
});
seen.responses = blocks(await responses.invoke(question));
let summarized;
for await (const chunk of await responses.stream(question)) summarized = summarized?.concat(chunk) ?? chunk;
seen.responsesStream = blocks(summarized);

const shape = z.object({ count: z.number().int().min(0).max(99), kind: z.enum(["shells", "coins"]) });
seen.formed = {};
for (const method of ["jsonSchema", "functionCalling"]) {
  const answer = await new ChatOpenAI({ ...settings, maxTokens: 200 }).withStructuredOutput(shape, { method, name: "counted" }).invoke(question);
  seen.formed[method] = shape.safeParse(answer).success;
}
const add = { type: "function", function: { name: "add", parameters: { type: "object", properties: { a: { type: "integer", minimum: 0, maximum: 99 } }, required: ["a"] } } };
let called;
for await (const chunk of await chat.bindTools([add], { tool_choice: "any" }).stream(question)) called = called?.concat(chunk) ?? chunk;
seen.calls = called.tool_calls.map((call) => ({ name: call.name, a: call.args.a }));

async function failure(run) {
  try {
    await run();
    return null;
  } catch (error) {
    return { status: error.status ?? null, name: error.name, message: error.message };
  }
}
seen.unknownModel = await failure(() => new ChatOpenAI({ ...settings, model: "none" }).invoke(question));
seen.badValue = await failure(() => new ChatOpenAI({ ...settings, temperature: 3 }).invoke(question));
seen.left = await failure(async () => {
  const leave = new AbortController();
  for await (const chunk of await chat.stream(question, { signal: leave.signal })) if (chunk) leave.abort();
});
console.log(JSON.stringify(seen));
