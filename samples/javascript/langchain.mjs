// LangChain. Thoughts come with each chunk, in its additional fields.
import { ChatOpenAI } from "@langchain/openai";
import { key, model, question, say, url } from "./common.mjs";

const chat = new ChatOpenAI({ model, apiKey: key, configuration: { baseURL: `${url}/v1` } });
for await (const chunk of await chat.stream(question)) {
  say("thought", chunk.additional_kwargs.reasoning_content);
  say("answer", chunk.content);
}
