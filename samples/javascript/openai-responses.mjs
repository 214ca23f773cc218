// OpenAI's own client and the Responses format, where streamed thoughts are official.
import OpenAI from "openai";
import { key, model, question, say, url } from "./common.mjs";

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key });
for await (const event of await client.responses.create({ model, input: question, stream: true })) {
  if (event.type === "response.reasoning_text.delta") say("thought", event.delta);
  if (event.type === "response.output_text.delta") say("answer", event.delta);
}
