// OpenAI's own client. It passes thoughts on as reasoning_content, a field it has no type for.
import OpenAI from "openai";
import { key, model, question, say, url } from "./common.mjs";

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key });
const stream = await client.chat.completions.create({ model, messages: [{ role: "user", content: question }], stream: true });
for await (const chunk of stream) {
  const delta = chunk.choices[0]?.delta;
  say("thought", delta?.reasoning_content);
  say("answer", delta?.content);
}
